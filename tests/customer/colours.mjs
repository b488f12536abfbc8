// Uploads and their variants side by side on a page: what a person sees of the one, they see of the others.

import assert from 'node:assert/strict';
import { onStage } from './stage.mjs';

const UPLOADS = JSON.parse(process.env.UPLOADS);
const BANDS = Number(process.env.BANDS);
const WIDTH = 480;
const HEIGHT = 16;
/** What codings lose, and reckoning in other steps. */
const TOLERANCE = 6;

await onStage({}, async (page) => {
  const shown = async (urls) => {
    await page.setViewportSize({ width: WIDTH, height: HEIGHT * urls.length });
    await page.evaluate(async ([urls, width, height]) => {
      document.body.style.margin = '0';
      const images = urls.map((url) => {
        const image = new Image(width, height);
        image.style.display = 'block';
        image.src = url;
        return image;
      });
      document.body.replaceChildren(...images);
      await Promise.all(images.map((image) => image.decode()));
    }, [urls, WIDTH, HEIGHT]);
    const screenshot = (await page.screenshot()).toString('base64');
    return page.evaluate(async ([screenshot, rows, bands, height]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${screenshot}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      const at = (x, y) => [...canvas.getImageData(x, y, 1, 1).data.slice(0, 3)];
      const row = (y) => Array.from({ length: bands }, (_, band) => at((image.width * (2 * band + 1)) / (2 * bands), y));
      return Array.from({ length: rows }, (_, number) => row((number + 0.5) * height));
    }, [screenshot, urls.length, BANDS, HEIGHT]);
  };

  assert.ok(UPLOADS.length > 5);
  for (const { name, original, variants, changes } of UPLOADS) {
    const urls = [original, ...Object.values(variants)];
    const [expected, ...made] = await shown(urls);
    for (const [number, row] of made.entries()) {
      const variant = Object.keys(variants)[number];
      for (const [band, colour] of row.entries()) {
        const apart = Math.max(...colour.map((sample, channel) => Math.abs(sample - expected[band][channel])));
        assert.ok(apart <= TOLERANCE, `${name}, ${variant}, band ${band}: ${colour} where ${expected[band]} is shown`);
      }
    }
    // Else nothing was compared: the chunks mean something to this browser, or nothing.
    const [first] = await shown([UPLOADS[0].original]);
    const differs = expected.some((colour, band) => colour.some((sample, channel) => Math.abs(sample - first[band][channel]) > 8));
    assert.equal(differs, changes, name);
  }
});
