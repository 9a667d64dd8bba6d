// When nobody looks, when only a picture is wanted, and on paper.

import { button, expect, open, reachPhase, runPhases, test } from './scope.js';

/** @import { Page } from '@playwright/test' */

/** @param {Page} page */
async function seconds(page) {
  return Number.parseFloat((await page.locator('#time').textContent()) ?? '');
}

test('a tab that was hidden for an hour goes on where it was', async ({ page }) => {
  await page.clock.install();
  await open(page, '?speed=1');
  await runPhases(page, 1);
  await button(page, 'Play').click();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  const before = await seconds(page);
  await page.clock.fastForward('01:00:00');
  await page.evaluate(() => {
    Reflect.deleteProperty(document, 'hidden');
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect.poll(() => seconds(page)).toBeGreaterThan(before);
  await button(page, 'Pause').click();
  // Not the hour, and not a good part of it at once: what a few seconds of looking let pass.
  expect(await seconds(page)).toBeLessThan(before + 30);
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
});

test('still, the cluster is drawn only while time stands still', async ({ page }) => {
  await open(page, '?speed=1/20&still');
  await page.evaluate(() => {
    Reflect.set(globalThis, 'drawn', 0);
    const scene = document.querySelector('#scene svg');
    const watch = new MutationObserver(() => {
      const playing = document.getElementById('play')?.classList.contains('is-playing');
      if (playing) Reflect.set(globalThis, 'drawn', Reflect.get(globalThis, 'drawn') + 1);
    });
    if (scene) watch.observe(scene, { attributes: true, childList: true, subtree: true });
  });
  await button(page, 'Next phase').click();
  await page.waitForTimeout(500);
  expect(await page.evaluate(() => Reflect.get(globalThis, 'drawn'))).toBe(0);
  await page.locator('#speed').selectOption({ label: '100 ×' });
  await reachPhase(page, 1);
  await expect(page.locator('.chip.leader')).toHaveCount(1);
});

test('on paper there are the picture and the words, and nothing to press', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  await page.emulateMedia({ media: 'print' });
  for (const part of ['#scene', '#caption-text', '#placement', '#strips', '#events'])
    await expect(page.locator(part)).toBeVisible();
  for (const part of ['.transport', '#next-phase', '#crash', '#share'])
    await expect(page.locator(part)).toBeHidden();
  const { wide, screen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    screen: innerWidth,
  }));
  expect(wide).toBeLessThanOrEqual(screen);
});

test('what has the focus is never under the playback of a phone', async ({ page }) => {
  await page.setViewportSize({ width: 375, height: 812 });
  await open(page);
  await runPhases(page, 2);
  const all = page.locator(':is(button, a, input, select):enabled:visible');
  const count = await all.count();
  expect(count).toBeGreaterThan(20);
  for (let i = 0; i < count; i += 1) {
    await all.nth(i).evaluate((element) => {
      scrollTo(0, 0);
      if (element instanceof HTMLElement) element.focus();
    });
    const under = await all.nth(i).evaluate((element) => {
      const bar = document.querySelector('.transport')?.getBoundingClientRect();
      const box = element.getBoundingClientRect();
      const within = element.closest('.transport') !== null;
      return !within && bar !== undefined && box.bottom > bar.top + 1;
    });
    expect(under, await all.nth(i).evaluate((element) => element.outerHTML)).toBe(false);
  }
});
