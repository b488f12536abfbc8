// Refusals that overtake a browser's sending: JSON with its status in fetch and XHR, no network error.

import assert from 'node:assert/strict';
import { API, givePictures, onStage } from './stage.mjs';

const MIB = 1024 * 1024;

await onStage({}, async (page) => {
  await givePictures(page, ['small_640x640.jpg']);
  await page.evaluate((api) => {
    const form = (file, product) => {
      const form = new FormData();
      form.append('file', file);
      form.append('productId', product);
      return form;
    };
    window.large = (bytes) => {
      // Not to be told apart from a picture before its end.
      const head = picture('small_640x640.jpg');
      return new File([head, new Uint8Array(bytes - head.size)], 'large.jpg', { type: 'image/jpeg' });
    };
    window.byFetch = async (file, product = 'prod_789', as = token) => {
      const response = await fetch(`${api}/files`, {
        method: 'POST', body: form(file, product), headers: { Authorization: `Bearer ${as}` },
      });
      return { status: response.status, type: response.headers.get('content-type'),
        id: response.headers.get('x-request-id'), problem: await response.json() };
    };
    window.byXhr = (file, product = 'prod_789', as = token) => new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.upload.addEventListener('progress', () => {});
      xhr.open('POST', `${api}/files`);
      xhr.setRequestHeader('Authorization', `Bearer ${as}`);
      xhr.onload = () => resolve({ status: xhr.status, type: xhr.getResponseHeader('content-type'),
        id: xhr.getResponseHeader('x-request-id'), problem: JSON.parse(xhr.responseText) });
      xhr.onerror = () => reject(new Error('a network error'));
      xhr.send(form(file, product));
    });
  }, API);

  const check = ({ status, type, id, problem }, expected) => {
    assert.equal(status, expected);
    assert.equal(type, 'application/problem+json');
    assert.equal(problem.status, expected);
    assert.ok(id, 'the request id can be read');
    return problem;
  };
  for (const by of ['byFetch', 'byXhr']) {
    const send = (call) => page.evaluate(([by, call]) => new Function('send', `return send(${call})`)(window[by]), [by, call]);
    for (const mib of [6, 30]) {
      const problem = check(await send(`large(${mib * MIB})`), 413);
      assert.equal(problem.actualSize, mib * MIB);
      assert.equal(problem.maxSize, 5 * MIB);
      check(await send(`large(${mib * MIB}), 'prod_789', 'stale'`), 401);
    }
    check(await send(`picture('small_640x640.jpg'), 'prod_none'`), 404);
    check(await send(`new File(['%PDF-1.7'], 'a.pdf', { type: 'application/pdf' })`), 415);
    check(await send(`new File([picture('small_640x640.jpg').slice(0, 9000)], 'cut.jpg')`), 422);
    check(await send(`picture('small_640x640.jpg'), ''`), 400);
  }
});
