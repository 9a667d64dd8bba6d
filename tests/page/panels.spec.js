// What is read beside the scene: log strips, numbers, the text twin, the timeline, and pictures to take away.

import { readFile } from 'node:fs/promises';
import { button, expect, open, runPhases, select, test } from './scope.js';

test('a split is one cut through the parent, and the child begins at it', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  await expect(page.locator('.strip')).toHaveCount(6);
  const cells = page.locator('.strip .split');
  await expect(cells).toHaveCount(3);
  // All at one moment: the strips still move on to the end of the phase.
  const places = () =>
    page.evaluate(() => {
      const of = (/** @type {string} */ what) =>
        [...document.querySelectorAll(what)].map((element) => element.getBoundingClientRect());
      const edges = of('.strip .split').map(({ right }) => Math.round(right));
      const [edge = 0] = edges;
      const born = [...document.querySelectorAll('.strip')].find((strip) =>
        strip.textContent?.includes('born'),
      );
      const first = born?.querySelector('.track span')?.getBoundingClientRect().x ?? 0;
      return {
        edges: new Set(edges).size,
        isCutThere: of('.scissors').every(({ x }) => Math.abs(x - edge) < 8),
        beginsBehind: first > edge,
      };
    });
  await expect.poll(places).toEqual({ edges: 1, isCutThere: true, beginsBehind: true });
});

test('numbers tell what phases and faults cost, and what was sent', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  await select(page, 'node:1');
  await button(page, 'Crash').click();
  await button(page, 'Play').click();
  await page.getByRole('tab', { name: 'Numbers' }).click();
  const numbers = page.locator('#numbers');
  await expect(numbers.getByRole('row', { name: /^1 Initial/ })).toContainText('KB');
  await expect(numbers.getByRole('row', { name: /^2 Split/ })).toContainText('round trips');
  await expect(numbers.getByRole('row', { name: /^append/ })).toContainText('KB');
  const crash = numbers.getByRole('row', { name: /n1 crashed/ });
  await expect(crash).not.toContainText('not yet', { timeout: 30_000 });
  await expect(crash).toContainText(/ m?s.* m?s/);
});

test('the trace can be read, a line an event and a column a node', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  await page.getByRole('tab', { name: 'Log' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('tab', { name: 'Text' })).toHaveAttribute('aria-selected', 'true');
  const heads = await page.locator('#text thead th').allTextContents();
  expect(heads).toEqual(['time', 'n1', 'n2', 'n3', 'n4', 'n5', 'world']);
  const row = page.locator('#text tbody tr', { hasText: 'shard_a split on n2' });
  await expect(row.locator('td').nth(1)).toContainText('shard_a split on n2');
});

test('the timeline shows who led when, and what could not be written', async ({ page }) => {
  await open(page);
  await runPhases(page, 4);
  const history = page.locator('#history');
  await expect(history.locator('.band')).toHaveCount(2);
  await expect(history.locator('.owner', { hasText: 'n4' })).toHaveCount(1);
  await expect(history.locator('.phase')).not.toHaveCount(0);
  const gaps = await history
    .locator('.shut path, path.readable')
    .evaluateAll((all) => all.map((path) => path.getAttribute('d') ?? '').join(''));
  expect(gaps).not.toBe('');
  await page.locator('#span').selectOption({ label: 'all' });
  await expect(page.locator('#cursor')).toHaveAttribute('min', '0');
});

for (const [name, start] of [
  ['Scene as SVG', '<svg'],
  ['Timeline as SVG', '<svg'],
  ['Scene as PNG', '\x89PNG'],
  ['Timeline as PNG', '\x89PNG'],
  ['Trace as text', 'ShardScope, seed 7'],
]) {
  test(`${name} is a picture that stands alone`, async ({ page }) => {
    await open(page);
    await runPhases(page, 2);
    await button(page, 'About').click();
    const download = page.waitForEvent('download');
    await button(page, name ?? '').click();
    const bytes = await readFile(await (await download).path());
    expect(bytes.toString('latin1').startsWith(start ?? '')).toBe(true);
    expect(bytes.length).toBeGreaterThan(1000);
    expect(bytes.toString('latin1')).not.toContain('var(--');
  });
}

test('About names the exact OpenRaft and the licences', async ({ page }) => {
  await open(page);
  await button(page, 'About').click();
  await expect(page.locator('#about-dialog')).toContainText(/0\.10\.0-alpha\.\d+/);
  await expect(page.locator('#about-dialog')).toContainText('MIT or Apache-2.0');
});

test('embedded, the page shows the picture and how to play it', async ({ page }) => {
  await open(page, '?embed&speed=100');
  await expect(page.locator('#scene')).toBeVisible();
  await expect(button(page, 'Next phase')).toBeVisible();
  await expect(page.locator('.acts')).toBeHidden();
  await runPhases(page, 2);
});

test('a message or a link that is selected is marked where it is', async ({ page }) => {
  await open(page);
  await runPhases(page, 3);
  const message = page.locator('.dot').first();
  await message.dispatchEvent('click');
  await expect(page.locator('#inspector-title')).toContainText('Message');
  await expect(message).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.dot.chosen')).toHaveCount(1);
  await expect(page.locator('.arc.chosen')).toHaveCount(1);
  await page.locator('[data-pick="node:1"]').click();
  await expect(page.locator('.dot.chosen')).toHaveCount(0);
  await button(page, 'link n1 to n4').click();
  await expect(page.locator('.arc.chosen')).toHaveCount(1);
});

test('in a small frame of another page the whole picture is in sight', async ({ page }) => {
  await page.setViewportSize({ width: 1024, height: 600 });
  await open(page, '?embed&speed=100');
  await runPhases(page, 3);
  for (const what of ['node:5', 'client:1'])
    await expect(page.locator(`[data-pick="${what}"]`)).toBeInViewport({ ratio: 0.95 });
  await expect(page.locator('#caption-text')).toBeInViewport({ ratio: 0.95 });
  await expect(page.locator('#placement')).toBeInViewport({ ratio: 0.95 });
});

test('the log has its entries again when one comes back to it', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  const cells = page.locator('.strip').first().locator('.track span');
  const before = await cells.count();
  expect(before).toBeGreaterThan(10);
  await page.getByRole('tab', { name: 'Numbers' }).click();
  await button(page, 'Step forward').click();
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect.poll(() => cells.count()).toBeGreaterThanOrEqual(before);
});

test('a resize while messages travel loses nothing', async ({ page }) => {
  await open(page, '?speed=1/50');
  await button(page, 'Next phase').click();
  for (const width of [1440, 375, 900, 1024]) {
    await page.setViewportSize({ width, height: 800 });
    await page.waitForTimeout(150);
    await expect(page.locator('.chip')).toHaveCount(3);
  }
});
