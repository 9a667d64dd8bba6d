// For everyone: names, keys, contrast, size of targets, less motion.

import AxeBuilder from '@axe-core/playwright';
import { button, columnOf, expect, open, reachPhase, runPhases, select, test } from './scope.js';

/** @import { Page } from '@playwright/test' */

const NAMES = [
  'Next phase',
  'Play',
  'Step forward',
  'Step back',
  'Crash',
  'Restart',
  'Isolate',
  'Heal',
  'Reset',
  'Share',
];

/** @param {Page} page */
async function expectAccessible(page) {
  // What lies half under the playback bar of a narrow page can be scrolled from under it.
  await page.evaluate(() => scrollTo(0, 0));
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
  expect(found).toEqual([]);
}

test('the names that outside tools rely on', async ({ page }) => {
  await open(page);
  for (const name of NAMES) await expect(button(page, name)).toHaveCount(1);
  await button(page, 'Play').click();
  await button(page, 'Pause').click();
  await expect(button(page, 'Play')).toHaveCount(1);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 375]) {
    test(`no axe violations, ${colorScheme}, ${width} px, at every phase`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 812 });
      await open(page);
      await expectAccessible(page);
      for (let phase = 1; phase <= 4; phase += 1) {
        await button(page, 'Next phase').click();
        await reachPhase(page, phase);
        await expectAccessible(page);
      }
      await select(page, 'node:2');
      await button(page, 'Crash').click();
      await expect(columnOf(page, 2)).toHaveText('n2 down');
      await expectAccessible(page);
      await button(page, 'Help').click();
      await expectAccessible(page);
    });
  }
}

test('no axe violations where a property was found false', async ({ page }) => {
  await open(page, '?speed=100#scenario=stale-lease-read');
  await expect(page.locator('#found')).toBeVisible();
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
});

test('the theme switch turns the page dark and light, and is kept', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page);
  await button(page, 'Dark theme').click();
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.reload();
  await expect(button(page, 'Dark theme')).toHaveAttribute('aria-pressed', 'true');
  expect(await paper()).toBe(dark);
  await button(page, 'Dark theme').click();
  expect(await paper()).not.toBe(dark);
});

test('all phases and a crash by keyboard alone', async ({ page }) => {
  await open(page);
  await page.keyboard.press('1');
  await reachPhase(page, 1);
  await page.keyboard.press('4');
  await reachPhase(page, 4);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('p');
  await expect(button(page, 'Next')).toBeEnabled();
  await page.keyboard.press('n');
  // Into the scene, from n1 to n2 and down to its replica.
  await page.locator('.scene [tabindex="0"]').focus();
  await page.locator('[data-pick="node:1"]').focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('[data-pick="node:2"]')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.locator('#inspector-title')).toContainText('shard_a on n2');
  await page.keyboard.press('k');
  await expect(columnOf(page, 2)).toHaveText('n2 down');
  await page.keyboard.press('k');
  await expect(columnOf(page, 2)).toHaveText('n2');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('the learning path by keyboard alone', async ({ page }) => {
  await open(page);
  const [title, place] = [page.locator('#caption-title'), page.locator('#caption-place')];
  for (let stop = 1; stop <= 5; stop += 1) {
    await expect(place).toHaveText(`${stop} of 5`);
    await page.keyboard.press('n');
  }
  for (let phase = 1; phase <= 4; phase += 1) {
    await page.keyboard.press(String(phase));
    await reachPhase(page, phase);
    await expect(title).toHaveText(`Phase ${phase}`);
    await expect(place).toHaveText(/^(\d) of \1$/);
  }
  await page.keyboard.press('p');
  await expect(place).toHaveText(/^4 of 5$/);
  await page.keyboard.press('g');
  await expect(page.getByRole('dialog', { name: 'Scenarios' })).toBeVisible();
  for (let tabs = 0; tabs < 4; tabs += 1) {
    if (await page.locator('#gallery-list a:focus').count()) break;
    await page.keyboard.press('Tab');
  }
  await expect(page.locator('#gallery-list a').first()).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(title).toHaveText('A split under load');
  await expect(place).toHaveText(/^(\d) of \1$/, { timeout: 60_000 });
  await expect(button(page, 'Play')).toBeVisible({ timeout: 60_000 });
  await page.keyboard.press('?');
  await expect(page.locator('#glossary')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('the scene is one tab stop, and Space still plays beside it', async ({ page }) => {
  await open(page);
  await expect(page.locator('.scene [tabindex="0"]')).toHaveCount(1);
  await page.keyboard.press('Space');
  await expect(button(page, 'Pause')).toBeVisible();
  await page.keyboard.press('Space');
  await expect(button(page, 'Play')).toBeVisible();
});

test('single-letter keys can be switched off, and never act in inputs', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await page.locator('#speed').focus();
  await page.keyboard.press('k');
  await expect(columnOf(page, 1)).toHaveText('n1');
  await button(page, 'Help').click();
  await page.getByLabel('single-letter keys are on').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('k');
  await page.keyboard.press('ArrowRight');
  await expect(columnOf(page, 1)).toHaveText('n1');
});

test('nothing can be aimed at that is smaller than 24 px', async ({ page }) => {
  for (const width of [1280, 375]) {
    await page.setViewportSize({ width, height: 812 });
    await open(page);
    await runPhases(page, 2);
    const small = await page.evaluate(() => {
      const all = document.querySelectorAll('button, select, input, a, [role="button"]');
      return [...all]
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < 24)
        .filter(({ element }) => !element.closest('label'))
        .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`);
    });
    expect(small).toEqual([]);
  }
});

test('with reduced motion dots do not travel and nothing eases', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, '?speed=1/100');
  await page.keyboard.press('1');
  const dot = page.locator('.layer-dots .dot').first();
  await dot.waitFor({ state: 'attached' });
  const places = await page.evaluate(async () => {
    const seen = new Map();
    for (let frame = 0; frame < 20; frame += 1) {
      for (const element of document.querySelectorAll('.layer-dots .dot')) {
        const key = element.getAttribute('data-pick');
        seen.set(key, new Set(seen.get(key)).add(element.getAttribute('transform')));
      }
      await new Promise(requestAnimationFrame);
    }
    return [...seen.values()].map((set) => set.size);
  });
  expect(Math.max(...places)).toBe(1);
  const eased = await page
    .locator('.chip')
    .first()
    .evaluate((chip) => getComputedStyle(chip).transitionDuration);
  expect(eased).toBe('0s');
});

test('the page is not wider than a phone', async ({ page }) => {
  await page.setViewportSize({ width: 375, height: 812 });
  await open(page);
  await runPhases(page, 2);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBe(375);
});

test('everything fits on one screen, from 1440 × 900 down to 1280 × 720', async ({ page }) => {
  for (const [width, height] of [
    [1440, 900],
    [1024, 768],
    [1280, 720],
  ]) {
    await page.setViewportSize({ width: width ?? 0, height: height ?? 0 });
    await open(page);
    await runPhases(page, 3);
    const { scrollHeight, scrollWidth } = await page.evaluate(() => {
      const { scrollHeight, scrollWidth } = document.documentElement;
      return { scrollHeight, scrollWidth };
    });
    expect([scrollWidth, scrollHeight]).toEqual([width, height]);
    for (const what of ['#placement', '[data-pick="client:6"]', '#script', '#caption-call'])
      await expect(page.locator(what)).toBeInViewport({ ratio: 0.95 });
    const inspector = await page.locator('#inspector-body').boundingBox();
    expect(inspector?.height).toBeGreaterThan(90);
  }
});
