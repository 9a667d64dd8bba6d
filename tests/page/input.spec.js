// Bad input: one clear sentence in sight, and nothing changed.

import { button, expect, open, runPhases, test } from './scope.js';

for (const seed of ['abc', '-1', '18446744073709551616', '1.5', '']) {
  test(`the seed "${seed}" is refused in a sentence`, async ({ page }) => {
    await open(page, `?seed=${seed}`);
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByRole('alert')).toContainText(/seed must be a whole number/i);
    await expect(page.locator('#seed')).toHaveText('7');
    await expect(page.locator('body')).toHaveAttribute('data-phase', '0');
  });
}

test('a speed that does not exist is named, with those that do', async ({ page }) => {
  await open(page, '?speed=fast');
  await expect(page.getByRole('alert')).toContainText('There is no speed "fast"');
  await expect(page.locator('#speed')).toHaveValue('0');
});

for (const [what, hash] of [
  ['not base64', '#!!!'],
  ['cut off', '#q1YqLkksKgEA'],
  ['not a recording', '#q1ZKVrKqrgUA'],
]) {
  test(`a recording that is ${what} gives a sentence and a fresh start`, async ({ page }) => {
    await open(page, `?speed=100${hash}`);
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByRole('alert')).toContainText('recording');
    await expect(page.locator('#time')).toHaveText('0.000 s');
    await runPhases(page, 1);
  });
}

test('a damaged link leaves one clear run, not half of one', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await button(page, 'Share').click();
  await expect(page.locator('#notice')).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const middle = link.indexOf('#') + Math.floor((link.length - link.indexOf('#')) / 2);
  await page.goto('about:blank');
  await page.goto(`${link.slice(0, middle)}xxxx${link.slice(middle + 4)}`);
  await expect(page.locator('body')).toHaveAttribute('data-ready', 'true');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.locator('body')).toHaveAttribute('data-phase', '0');
});

test('without WebAssembly the page says so', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'));
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('WebAssembly');
  await expect(button(page, 'Next phase')).toBeDisabled();
});

test('without SIMD the page says so', async ({ page }) => {
  // An older browser refuses every module that names a v128.
  await page.addInitScript(() => {
    const validate = WebAssembly.validate;
    WebAssembly.validate = (source) =>
      !new Uint8Array(/** @type {ArrayBuffer} */ (source)).includes(0x7b) && validate(source);
  });
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('WebAssembly with SIMD');
  await expect(button(page, 'Next phase')).toBeDisabled();
});

test('without workers the page says so', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'Worker'));
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('worker');
});

test('without JavaScript the page says so', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(baseURL ?? '');
  await expect(page.locator('noscript p')).toContainText('needs JavaScript');
  await expect(page.locator('noscript p')).toBeInViewport();
  await context.close();
});
