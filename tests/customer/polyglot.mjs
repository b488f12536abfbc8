// A picture whose pixels spell a page with a script, opened as a page: from the server, and, to show that the
// script is one that runs, from a place that calls it HTML.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { onStage } from './stage.mjs';

const { URLS, POLYGLOT } = process.env;

await onStage({}, async (page) => {
  const bytes = readFileSync(POLYGLOT);
  const careless = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/' ? bytes : '');
  });
  await new Promise((resolve) => careless.listen(0, '127.0.0.1', resolve));

  /** What asks for `/ran` when it runs, and whether it did. */
  const opened = async (url, where) => {
    const visitor = await page.context().newPage();
    visitor.setDefaultTimeout(60_000);
    const asked = [];
    visitor.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await where(visitor, url);
    const titles = await Promise.all(visitor.frames().map((frame) => frame.title().catch(() => '')));
    await visitor.close();
    return asked.includes('/ran') || titles.includes('ran');
  };
  const asPage = (visitor, url) => visitor.goto(url, { waitUntil: 'networkidle' });
  const within = (tag) => async (visitor, url) => {
    await visitor.goto(page.url());
    await visitor.evaluate(([tag, url]) => new Promise((resolve) => {
      const element = document.createElement(tag);
      element.onload = resolve;
      element.onerror = resolve;
      element[tag === 'object' ? 'data' : 'src'] = url;
      document.body.append(element);
    }), [tag, url]);
    await visitor.waitForLoadState('networkidle');
  };

  const control = `http://127.0.0.1:${careless.address().port}/`;
  assert.equal(await opened(control, asPage), true, 'the script runs where it is called HTML');
  assert.equal(await opened(control, within('iframe')), true, 'in a frame, too');
  const urls = JSON.parse(URLS);
  assert.equal(urls.length, 6);
  for (const url of urls) {
    assert.equal(await opened(url, asPage), false, `${url} as a page`);
    for (const tag of ['iframe', 'object', 'embed', 'script']) {
      assert.equal(await opened(url, within(tag)), false, `${url} in <${tag}>`);
    }
  }
  careless.close();
});
