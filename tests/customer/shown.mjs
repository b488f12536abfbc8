// Uploads and what the server made of them, side by side in Chromium: the same size, and the same colours in the
// middle of each quarter.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { onStage } from './stage.mjs';

const cases = JSON.parse(readFileSync(process.env.CASES, 'utf8'));

await onStage({}, async (page) => {
  page.setDefaultTimeout(300_000);
  const differences = await page.evaluate(async (cases) => {
    /** What the browser shows of a file: its size, and sixteen channels, four of each quarter; null for none. */
    const show = async ({ type, data }) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const picture = new Image();
      picture.src = URL.createObjectURL(new Blob([bytes], { type }));
      const shown = await picture.decode().then(() => true, () => false);
      URL.revokeObjectURL(picture.src);
      if (!shown) return null;
      const { naturalWidth: width, naturalHeight: height } = picture;
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(picture, 0, 0);
      const at = (x, y) => [...context.getImageData(Math.floor(width * x / 4), Math.floor(height * y / 4), 1, 1).data];
      return { size: [width, height], colours: [at(1, 1), at(3, 1), at(1, 3), at(3, 3)].flat() };
    };
    const differences = [];
    for (const { name, size, upload, made } of cases) {
      const seen = await show(upload);
      if (String(seen?.size) !== String(size)) differences.push(`${name}: ${size}, shown as ${seen?.size}`);
      for (const [variant, file] of Object.entries(made)) {
        const other = await show(file);
        const same = seen && other && String(other.size) === String(seen.size)
          && other.colours.every((value, index) => Math.abs(value - seen.colours[index]) <= 24);
        if (!same) differences.push(`${name}, ${variant}: ${JSON.stringify(other)} and not ${JSON.stringify(seen)}`);
      }
    }
    return differences;
  }, cases);
  assert.deepEqual(differences, []);
});
