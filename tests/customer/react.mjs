// The customer's component `ProductImageUpload`: rendered, pictures chosen, the button clicked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODE, FIXTURES, MODULES, onStage, require, TOKEN } from './stage.mjs';

// The two components that the customer's imports and does not show.
const OTHERS = {
  './ImagePreview': `export default ({ preview, onUpdateMetadata, onSetPrimary, onRemove }) => <fieldset>
    <img src={preview.previewUrl} />
    <input aria-label="alt" onChange={(event) => onUpdateMetadata({ altText: event.target.value, tags: ['one', 'two'] })} />
    <button onClick={onSetPrimary}>Primary</button><button onClick={onRemove}>Remove</button></fieldset>`,
  './UploadProgress': `export default ({ total, completed }) => <p id="progress">{completed} of {total}</p>`,
};
const SHOP = `
  import React from 'react';
  import { createRoot } from 'react-dom/client';
  import ProductImageUpload from 'customer';
  window.completed = [];
  createRoot(document.getElementById('root')).render(
    <ProductImageUpload productId="prod_789" onUploadComplete={(results) => window.completed.push(results)} />);`;

const modules = {
  name: 'modules',
  setup(build) {
    build.onResolve({ filter: /^(customer|\.\/ImagePreview|\.\/UploadProgress)$/ }, ({ path }) => ({ path, namespace: 'page' }));
    build.onLoad({ filter: /.*/, namespace: 'page' }, ({ path }) => ({
      contents: path === 'customer' ? readFileSync(CODE, 'utf8') : `import React from 'react'; ${OTHERS[path]}`,
      loader: 'jsx', resolveDir: MODULES,
    }));
  },
};
const built = await require('esbuild').build({
  stdin: { contents: SHOP, loader: 'jsx', resolveDir: MODULES },
  bundle: true, write: false, plugins: [modules], define: { 'process.env.NODE_ENV': '"production"' },
});

await onStage({ 'shop.js': built.outputFiles[0].text }, async (page) => {
  const choose = (...names) => page.locator('input[type=file]').setInputFiles(names.map((name) => join(FIXTURES, name)));
  const upload = async () => {
    const before = await page.evaluate(() => window.completed.length);
    await page.locator('.btn-upload').click();
    await page.waitForFunction((before) => window.completed.length > before, before);
    return page.evaluate(() => window.completed.at(-1));
  };

  // Without a token: refused, and said so beside the picture.
  await choose('small_640x640.jpg');
  assert.deepEqual((await upload()).map(({ success, error }) => [success, error]), [[false, 'Upload failed: 401']]);
  assert.match(await page.locator('.upload-errors').innerText(), /small_640x640\.jpg: Upload failed: 401/);
  await page.locator('.btn-clear').click();

  // With one: both pictures, the second made primary.
  await page.evaluate((token) => localStorage.setItem('accessToken', token), TOKEN);
  await choose('small_640x640.jpg', 'cutout_400x400.png');
  await page.getByLabel('alt').nth(1).fill('A cut-out');
  await page.getByRole('button', { name: 'Primary' }).nth(1).click();
  assert.equal(await page.locator('.btn-upload').innerText(), 'Upload 2 Images');
  const results = await upload();
  assert.deepEqual(results.map(({ success, file }) => [success, file]), [[true, 'small_640x640.jpg'], [true, 'cutout_400x400.png']]);
  assert.deepEqual(results.map(({ result }) => [result.order, result.isPrimary, result.altText, result.tags]), [
    [0, false, null, []],
    [1, true, 'A cut-out', ['one', 'two']],
  ]);
  // All went well, so the component is empty again.
  await page.locator('.image-previews').waitFor({ state: 'detached' });
});
