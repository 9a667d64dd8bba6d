// The learning path: the tour, the gallery, captions that wait for events, the glossary.

import { button, expect, open, runPhases, test } from './scope.js';

const SCENARIOS = 8;

test('a first visit begins with the tour, and the next one does not', async ({ page }) => {
  await open(page);
  const title = page.locator('#caption-title');
  await expect(title).toHaveText('What you see · 1 of 5');
  await expect(page.locator('.pointed')).toHaveAttribute('id', 'scene');
  for (let stop = 2; stop <= 5; stop += 1) {
    await button(page, 'Next').click();
    await expect(title).toHaveText(`What you see · ${stop} of 5`);
    await expect(page.locator('.pointed')).toHaveCount(1);
  }
  await page.reload();
  await expect(title).toHaveText('What you see · 5 of 5');
});

test('the tour blocks nothing, and a phase ends it', async ({ page }) => {
  await open(page);
  await expect(page.locator('#caption-title')).toHaveText('What you see · 1 of 5');
  await runPhases(page, 1);
  await expect(page.locator('#caption-title')).toHaveText('Phase 1 · 4 of 4');
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
  await expect.poll(() => links.count()).toBeGreaterThanOrEqual(SCENARIOS);
  for (const link of await links.all()) {
    await expect(link).toHaveAttribute('href', /^#scenario=[a-z-]+$/);
    await expect(link.locator('small')).toHaveText(/^[RS]\d+ /);
  }
  await page.getByRole('link', { name: /^The leader crashes/ }).click();
  await expect(page.locator('#gallery-dialog')).toBeHidden();
  await expect(page).toHaveURL(/#scenario=leader-crash$/);
  await expect(button(page, 'Play')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('#caption-title')).toHaveText('The leader crashes · 4 of 4');
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
});

for (const name of ['stale-route', 'crash-in-split', 'minority']) {
  test(`the address of the scenario ${name} tells it to its end`, async ({ page }) => {
    await open(page, `?speed=10#scenario=${name}`);
    await expect(button(page, 'Next')).toBeDisabled();
    await expect(button(page, 'Play')).toBeVisible({ timeout: 60_000 });
    await expect(page.locator('#caption-title')).toHaveText(/ · (\d) of \1$/);
    await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
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

test('the glossary gives each word one meaning', async ({ page }) => {
  await open(page);
  await button(page, 'Help').click();
  const words = await page.locator('#glossary dt').allTextContents();
  expect(words).toContain('epoch');
  expect(new Set(words).size).toBe(words.length);
});
