// What can be done to what is selected: keys, cells of the placement table, links, frozen nodes, and scripts.

import {
  button,
  columnOf,
  expect,
  open,
  placement,
  reachPhase,
  runPhases,
  select,
  test,
} from './scope.js';

/** @import { Page } from '@playwright/test' */

/** @param {Page} page */
const playAtFullSpeed = (page) => button(page, 'Play').click();

test('a key is chosen with the slider, and its shard is split there', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await page.locator('#key').fill('51');
  await expect(page.locator('#key-of')).toHaveText('Key 51 in shard_a');
  await page.locator('#key').press('ArrowRight');
  await expect(page.locator('#key-of')).toHaveText('Key 52 in shard_a');
  await button(page, 'Split here').click();
  await playAtFullSpeed(page);
  await expect(page.locator('#ranges .range').nth(1)).toContainText('[52..200]');
  await expect(page.locator('#key-of')).toHaveText('Key 52 in shard_b');
  await expect(button(page, 'Split here')).toBeDisabled();
});

test('a key can be written and read', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  const client = page.locator('[data-pick="client:1"]');
  for (const act of ['Write', 'Read']) {
    await page.locator('#key').fill('17');
    await button(page, act).click();
    await expect(page.getByRole('alert')).toBeHidden();
  }
  await expect(client).toBeVisible();
});

test('a cell of the placement table takes a learner, a voter, and gives them up', async ({
  page,
}) => {
  await open(page);
  await runPhases(page, 1);
  const cell = page.locator('[data-cell="place:1-4"]');
  await cell.click();
  await expect(page.locator('#acts-on')).toHaveText('shard_a on n4');
  await button(page, 'Add learner here').click();
  await playAtFullSpeed(page);
  await expect(cell).toHaveText('N');
  await cell.click();
  await button(page, 'Make voter').click();
  await expect(cell).toHaveText('F');
  await cell.click();
  await button(page, 'Remove').click();
  await expect(cell).toHaveText('–');
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
});

test('leadership is handed to the selected replica', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await page.locator('[data-cell="place:1-1"]').click();
  await expect(button(page, 'Lead here')).toBeDisabled();
  await page.locator('[data-cell="place:1-3"]').click();
  await button(page, 'Lead here').click();
  await playAtFullSpeed(page);
  await expect.poll(() => placement(page)).toEqual({ shard_a: 'F F L – –' });
});

test('a node is frozen and goes on', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:2');
  await expect(button(page, 'Resume')).toBeHidden();
  await button(page, 'Freeze').click();
  await expect(columnOf(page, 2)).toHaveText('n2 paused');
  await button(page, 'Resume').click();
  await expect(columnOf(page, 2)).toHaveText('n2');
});

test('what was done to a node is undone with the same button', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:2');
  for (const [begin, end] of [
    ['Hold disk', 'Release disk'],
    ['Fill disk', 'Free disk'],
    ['Slow disk', 'Quick disk'],
    ['Clock ahead', 'Clock right'],
  ]) {
    await button(page, begin ?? '').focus();
    await page.keyboard.press('Enter');
    await expect(button(page, end ?? '')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toBeHidden();
    if (begin !== 'Clock ahead') await expect(button(page, begin ?? '')).toBeFocused();
  }
});

test('a node that loses its disk comes back with new replicas', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:3');
  await button(page, 'Lose disk').click();
  await expect(columnOf(page, 3)).toHaveText('n3 down');
  await button(page, 'Restart').click();
  await playAtFullSpeed(page);
  await expect(page.locator('#events')).toContainText('n3 joined with an empty disk');
  await expect(page.locator('#events')).toContainText('promote n3');
});

test('one direction of a link is cut, by keyboard alone', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:1');
  const link = button(page, 'link n1 to n3');
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('#inspector-title')).toHaveText('Link n1 → n3');
  await button(page, 'Cut').focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('#inspector-body')).toContainText('cut: what is sent is lost');
  await expect(page.locator('.cut')).toHaveCount(1);
  await button(page, 'Heal').click();
  await expect(page.locator('.cut')).toHaveCount(0);
});

test('arrows go through the toolbar', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await button(page, 'Crash').focus();
  await page.keyboard.press('ArrowRight');
  await expect(button(page, 'Isolate')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(button(page, 'Crash')).toBeFocused();
});

test('a script with a mistake says which line, and nothing is run', async ({ page }) => {
  await open(page);
  await page.keyboard.press('f');
  const text = page.getByRole('textbox', { name: 'Script' });
  await text.fill('phase 1\nafter 5 ms crush n1\nheal');
  await button(page, 'Run it now').click();
  const fault = page.locator('#script-fault');
  await expect(fault).toContainText('Nothing was run. Line 2: there is no command "crush"');
  await expect(text).toHaveAttribute('aria-invalid', 'true');
  await page.keyboard.press('Escape');
  await expect(page.locator('body')).toHaveAttribute('data-phase', '0');
});

test('a script runs line by line, and a refused line stops it and is named', async ({ page }) => {
  await open(page);
  await button(page, 'Script…').click();
  const text = page.getByRole('textbox', { name: 'Script' });
  await text.fill('phase 1\nafter 5 ms crash n3\nwhen node_crashed after 1 ms resume n2\nheal');
  await button(page, 'Run it now').click();
  await reachPhase(page, 1);
  await expect(page.getByRole('alert')).toContainText('Line 3: n2 is not paused');
  await expect(columnOf(page, 3)).toHaveText('n3 down');
  await expect(button(page, 'Play')).toBeVisible();
  await button(page, 'Script…').click();
  await button(page, 'This run so far').click();
  await expect(text).toHaveValue(/^phase 1\nafter \d+ ns crash n3\n$/);
});
