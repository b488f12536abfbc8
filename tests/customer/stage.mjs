// A page at an origin of its own, in Chromium, and whatever the customer's code needs beside it.
//
// The server under test listens where no test can know before, and the customer's code says
// http://localhost:8000: the browser is told where that is, so that the code runs as it is written.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const { SERVER, TOKEN, CHROMIUM, MODULES, FIXTURES, CODE } = process.env;
export const API = 'http://localhost:8000/api';
export const require = createRequire(`${MODULES}/`);

export const fixture = (name) => readFileSync(join(FIXTURES, name));

/** Runs `act` with a page whose scripts are these, by their names; what goes wrong in the page fails the test. */
export async function onStage(scripts, act) {
  const pages = createServer((request, response) => {
    const script = scripts[request.url.slice(1)];
    const tags = Object.keys(scripts).map((name) => `<script src="/${name}"></script>`);
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(script ?? `<!doctype html><title>A shop</title><body><div id="root"></div>${tags.join('')}</body>`);
  });
  await new Promise((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'packshot-chromium-'));
  const { chromium } = require('playwright-core');
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', `--host-resolver-rules=MAP localhost:8000 ${SERVER}`,
    ],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    await page.goto(`http://127.0.0.1:${pages.address().port}/`);
    assert.notEqual(new URL(page.url()).host, 'localhost:8000');
    await act(page);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
    pages.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes `picture(name, type)` and `token` known to the page. */
export async function givePictures(page, names) {
  const pictures = Object.fromEntries(names.map((name) => [name, fixture(name).toString('base64')]));
  await page.evaluate(({ pictures, token }) => {
    window.token = token;
    window.picture = (name, as = name, type = `image/${name.split('.').pop().replace('jpg', 'jpeg')}`) =>
      new File([Uint8Array.from(atob(pictures[name]), (c) => c.charCodeAt(0))], as, { type });
  }, { pictures, token: TOKEN });
}
