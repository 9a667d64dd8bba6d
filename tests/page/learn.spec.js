// The learning path: the tour, the gallery, captions that wait for events, the glossary.

import { button, expect, open, runPhases, test } from './scope.js';

const SCENARIOS = [
  'leader-crash',
  'split-under-load',
  'stale-route',
  'lagging-learner',
  'minority',
  'move-back',
  'crash-in-split',
  'read-after-restart',
  'stale-lease-read',
  'horizontal-scaling',
  'load-balancing',
  'data-locality',
  'resource-isolation',
];

test('a first visit begins with the tour, and the next one does not', async ({ page }) => {
  await open(page);
  const place = page.locator('#caption-place');
  await expect(page.locator('#caption-title')).toHaveText('What you see');
  await expect(place).toHaveText('1 of 5');
  await expect(page.locator('.pointed')).toHaveAttribute('id', 'scene');
  for (let stop = 2; stop <= 5; stop += 1) {
    await button(page, 'Next').click();
    await expect(place).toHaveText(`${stop} of 5`);
    await expect(page.locator('.pointed')).toHaveCount(1);
  }
  await page.reload();
  await expect(place).toHaveText('5 of 5');
});

test('the tour blocks nothing, and a phase ends it', async ({ page }) => {
  await open(page);
  await expect(page.locator('#caption-title')).toHaveText('What you see');
  await runPhases(page, 1);
  await expect(page.locator('#caption-title')).toHaveText('Phase 1');
  await expect(page.locator('#caption-place')).toHaveText('4 of 4');
  await expect(page.locator('.pointed')).toHaveCount(0);
});

test('where storage is denied the page works all the same', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await open(page);
  await button(page, 'Dark theme').click();
  await expect(button(page, 'Dark theme')).toHaveAttribute('aria-pressed', 'true');
  await runPhases(page, 1);
});

test('the gallery lists every scenario with its property, and a link runs it', async ({ page }) => {
  await open(page);
  await button(page, 'Scenarios').click();
  const links = page.locator('#gallery-list a');
  await expect(links).toHaveCount(SCENARIOS.length);
  for (const [i, link] of (await links.all()).entries()) {
    await expect(link).toHaveAttribute('href', `#scenario=${SCENARIOS[i]}`);
    await expect(link.locator('small')).toHaveText(/^[RS]\d+ /);
  }
  await page.getByRole('link', { name: /^The leader crashes/ }).click();
  await expect(page.locator('#gallery-dialog')).toBeHidden();
  await expect(page).toHaveURL(/#scenario=leader-crash$/);
  await expect(button(page, 'Play')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('#caption-title')).toHaveText('The leader crashes');
  await expect(page.locator('#caption-place')).toHaveText('4 of 4');
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
});

/** The captions that are cut where they stand: the text of each. */
async function cutCaptions(/** @type {import('@playwright/test').Page} */ page) {
  const cut = [];
  const text = page.locator('#caption-text');
  for (;;) {
    if (await text.evaluate((e) => e.scrollHeight > e.clientHeight + 1)) {
      cut.push(await text.textContent());
    }
    if (await button(page, 'Previous').isDisabled()) return cut;
    const shown = await text.getAttribute('data-caption');
    await button(page, 'Previous').click();
    await expect(text).not.toHaveAttribute('data-caption', String(shown));
  }
}

for (const width of [1440, 1024]) {
  test(`the captions of the tour and of the phases fit, ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await open(page);
    await runPhases(page, 4);
    expect(await cutCaptions(page)).toEqual([]);
  });
}

for (const name of SCENARIOS) {
  test(`the address of the scenario ${name} tells it to its end`, async ({ page }) => {
    await open(page, `?speed=10#scenario=${name}`);
    await expect(button(page, 'Play')).toBeVisible({ timeout: 60_000 });
    await page.setViewportSize({ width: 1024, height: 800 });
    await expect(page.locator('#caption-place')).toHaveText(/^(\d) of \1$/);
    await expect(page.getByTestId('safety')).toHaveText(
      name === 'stale-lease-read' ? /^VIOLATION S16/ : /^SAFETY HOLDS/,
    );
    expect(await cutCaptions(page)).toEqual([]);
  });
}

test('an unknown scenario is named, with those that there are', async ({ page }) => {
  await open(page, '?scenario=perpetual-motion');
  await expect(page.getByRole('alert')).toContainText('no scenario "perpetual-motion"');
  await expect(page.getByRole('alert')).toContainText('leader-crash');
  await runPhases(page, 1);
});

test('a parameter that nobody knows is named', async ({ page }) => {
  await open(page, '?sede=8');
  await expect(page.locator('#notice')).toContainText('The address says "sede"');
});

test('a caption links its call to the documentation of the very OpenRaft that runs', async ({
  page,
}) => {
  await open(page);
  await runPhases(page, 1);
  await button(page, 'Previous').click();
  const link = page.locator('#caption-call a');
  await expect(link).toHaveText('raft.client_write(operation)');
  await expect(link).toHaveAttribute(
    'href',
    /^https:\/\/docs\.rs\/openraft\/0\.10\.0-alpha\.\d+\/openraft\/\?search=client_write$/,
  );
});

test('the glossary gives each word one meaning', async ({ page }) => {
  await open(page);
  await button(page, 'Help').click();
  const words = await page.locator('#glossary dt').allTextContents();
  expect(words).toContain('epoch');
  expect(new Set(words).size).toBe(words.length);
});
