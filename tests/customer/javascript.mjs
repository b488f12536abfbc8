// The customer's class `ImageUploader`: every method that speaks to the server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { API, CODE, givePictures, onStage } from './stage.mjs';

await onStage({ 'uploader.js': readFileSync(CODE) }, async (page) => {
  await givePictures(page, ['small_640x640.jpg', 'cutout_400x400.png', 'photo_1000x750.webp']);

  // One upload, with all that can be said of it, and everything that is called on the way.
  const one = await page.evaluate(async () => {
    const uploader = new ImageUploader();
    const heard = { progress: [], complete: [], events: [] };
    window.addEventListener('imageUploaded', (event) => heard.events.push(event.detail.image.id), { once: true });
    const image = await uploader.uploadImage(picture('small_640x640.jpg', 'Tastatur ü.jpg'), 'prod_789', {
      isPrimary: true,
      altText: 'Premium wireless keyboard on wooden desk',
      caption: 'Main product shot – with design details',
      order: 3,
      tags: ['main', 'product'],
      metadata: { camera: 'Canon EOS R5' },
      onProgress: (progress) => heard.progress.push(progress),
      onComplete: (image, uploadId) => heard.complete.push([image.id, uploader.getUploadStatus(uploadId).status]),
    }, token);
    return { image, heard, sent: uploader.uploadQueue.size };
  });
  assert.equal(one.image.productId, 'prod_789');
  assert.equal(one.image.originalName, 'Tastatur ü.jpg');
  assert.equal(one.image.isPrimary, true);
  assert.equal(one.image.caption, 'Main product shot – with design details');
  assert.equal(one.image.order, 3);
  assert.deepEqual(one.image.tags, ['main', 'product']);
  assert.equal(one.image.metadata.camera, 'Canon EOS R5');
  assert.equal(one.heard.progress.at(-1), 100);
  assert.deepEqual(one.heard.complete, [[one.image.id, 'completed']]);
  assert.deepEqual(one.heard.events, [one.image.id]);
  // Where the answer says that the picture is, a page of any origin may show it.
  for (const url of Object.values(one.image.variants)) {
    const width = await page.evaluate(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return image.naturalWidth;
    }, `${new URL(API).origin}${url}`);
    assert.ok(width > 0, url);
  }

  // Refusals arrive as the errors that the class makes of them.
  const refusals = await page.evaluate(async () => {
    const uploader = new ImageUploader();
    const attempt = async (file, product, with_token) => {
      const heard = [];
      try {
        await uploader.uploadImage(file, product, { onError: (error) => heard.push(error.message) }, with_token);
        return 'accepted';
      } catch (error) {
        return { name: error.name, message: error.message, status: error.status, errors: error.errors, heard };
      }
    };
    const canvas = Object.assign(document.createElement('canvas'), { width: 200, height: 200 });
    const tiny = new File([await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))], 't.png', { type: 'image/png' });
    return {
      noProduct: await attempt(picture('small_640x640.jpg'), 'prod_none', token),
      stale: await attempt(picture('small_640x640.jpg'), 'prod_789', 'stale'),
      text: await attempt(new File(['%PDF-1.7'], 'a.jpg', { type: 'image/jpeg' }), 'prod_789', token),
      tiny: await attempt(tiny, 'prod_789', token),
    };
  });
  assert.equal(refusals.noProduct.name, 'ProductNotFoundError');
  assert.equal(refusals.stale.name, 'ImageUploadError');
  assert.equal(refusals.stale.status, 401);
  assert.equal(refusals.stale.message, 'Missing or invalid Authorization header.');
  assert.deepEqual(refusals.stale.heard, [refusals.stale.message]);
  assert.equal(refusals.text.name, 'UnsupportedTypeError');
  assert.equal(refusals.text.message, 'Only JPEG, PNG, and WebP images are supported.');
  assert.equal(refusals.tiny.name, 'ImageValidationError');
  assert.equal(refusals.tiny.message, 'Image dimensions too small. Minimum: 300x300 pixels.');
  assert.equal(refusals.tiny.errors[0].field, 'file');

  // Several at once, one of them no picture.
  const batch = await page.evaluate(async () => {
    const steps = [];
    const files = [
      picture('small_640x640.jpg', '1.jpg'), picture('cutout_400x400.png', '2.png'),
      new File(['no picture'], '3.jpg', { type: 'image/jpeg' }), picture('photo_1000x750.webp', '4.webp'),
    ];
    const options = { concurrency: 2, tags: ['batch'], onBatchProgress: (done, total) => steps.push([done, total]) };
    const results = await new ImageUploader().uploadMultipleImages(files, 'prod_789', token, options);
    return { steps, total: results.total, failed: results.failed.map(({ file, error }) => [file, error.name]),
      orders: results.successful.map(({ file, result }) => [file, result.order, result.tags]) };
  });
  assert.deepEqual(batch.steps, [[2, 4], [4, 4]]);
  assert.deepEqual(batch.failed, [['3.jpg', 'UnsupportedTypeError']]);
  assert.deepEqual(batch.orders, [['1.jpg', 0, ['batch']], ['2.png', 1, ['batch']], ['4.webp', 3, ['batch']]]);
  const stopped = await page.evaluate(() => new ImageUploader()
    .uploadMultipleImages([new File(['x'], 'x.jpg', { type: 'image/jpeg' })], 'prod_789', token, { stopOnError: true })
    .catch((error) => error.name));
  assert.equal(stopped, 'BatchUploadError');

  // Dropped onto the page.
  const dropped = await page.evaluate(async () => {
    const zone = document.body.appendChild(document.createElement('div'));
    const results = new ImageUploader().uploadFromDropZone(zone, 'prod_789', token, { altText: 'dropped' });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(picture('cutout_400x400.png', 'dropped.png'));
    dataTransfer.items.add(new File(['text'], 'notes.txt', { type: 'text/plain' }));
    zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    const { successful, total } = await results;
    return { total, images: successful.map(({ result }) => [result.originalName, result.altText]) };
  });
  assert.deepEqual(dropped, { total: 1, images: [['dropped.png', 'dropped']] });

  // Chosen, looked at, confirmed.
  const previewed = await page.evaluate(async () => {
    const input = Object.assign(document.createElement('input'), { type: 'file', multiple: true });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(picture('photo_1000x750.webp', 'previewed.webp'));
    input.files = dataTransfer.files;
    const uploaded = new Promise((resolve) => {
      window.addEventListener('imageUploaded', (event) => resolve(event.detail.image), { once: true });
    });
    await new ImageUploader().uploadWithPreview(input, 'prod_789', token, { caption: 'seen before', tags: ['p'] });
    const { originalName, caption, tags } = await uploaded;
    return { originalName, caption, tags };
  });
  assert.deepEqual(previewed, { originalName: 'previewed.webp', caption: 'seen before', tags: ['p'] });

  // The examples that use it.
  await page.evaluate(async () => {
    localStorage.setItem('accessToken', token);
    await demonstrateImageUpload();
  });
});
