// Time: steps, the way back, the timeline, Reset, and a run as a link.

import {
  button,
  columnOf,
  digest,
  expect,
  open,
  PLACEMENT,
  placement,
  reachPhase,
  runPhases,
  select,
  test,
} from './scope.js';

/** @param {import('@playwright/test').Page} page */
const place = async (page) => ({
  time: await page.locator('#time').textContent(),
  step: await page.locator('#steps').textContent(),
  digest: await digest(page),
});

test('a step forward changes time and digest, a step back gives them again', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  const start = await digest(page);
  await button(page, 'Step forward').click();
  await expect(page.getByTestId('digest')).not.toHaveText(start);
  const first = await place(page);
  await button(page, 'Step forward').click();
  await expect(page.getByTestId('digest')).not.toHaveText(first.digest);
  const second = await place(page);
  expect(second.step).not.toBe(first.step);
  await button(page, 'Step back').click();
  await expect(page.getByTestId('digest')).toHaveText(first.digest);
  expect(await place(page)).toEqual(first);
  await button(page, 'Step forward').click();
  await expect(page.getByTestId('digest')).toHaveText(second.digest);
});

test('going back over a command and forward again does it again', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:3');
  await button(page, 'Crash').click();
  await expect(columnOf(page, 3)).toHaveText('n3 down');
  for (const _ of [1, 2, 3]) await button(page, 'Step forward').click();
  await page.locator('#cursor').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(columnOf(page, 3)).toHaveText('n3');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(columnOf(page, 3)).toHaveText('n3 down');
});

test('the timeline goes back to before the split, and playing splits again', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  const after = await digest(page);
  await page.locator('#cursor').focus();
  await page.keyboard.press('Home');
  await expect(page.locator('#time')).toHaveText('0.000 s');
  await page.keyboard.press('End');
  await expect(page.getByTestId('digest')).toHaveText(after);
  expect(await placement(page)).toEqual(PLACEMENT[2]);
});

test('Reset begins again with the same seed', async ({ page }) => {
  await open(page, '?seed=11&speed=100');
  const start = await digest(page);
  await runPhases(page, 1);
  await button(page, 'Reset').click();
  await expect(page.locator('body')).toHaveAttribute('data-phase', '0');
  await expect(page.getByTestId('digest')).toHaveText(start);
  await expect(page.locator('#seed')).toHaveText('11');
});

test('a shared link replays the run to the same digest', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  await select(page, 'node:2');
  await button(page, 'Isolate').click();
  await button(page, 'Step forward').click();
  await expect(columnOf(page, 2)).toHaveText('n2 isolated');
  await button(page, 'Share').click();
  await expect(page.locator('#notice')).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const shared = await digest(page);
  await page.goto('about:blank');
  await page.goto(link);
  await expect(page.locator('body')).toHaveAttribute('data-ready', 'true');
  await expect(page.getByTestId('digest')).toHaveText(shared);
  await expect(columnOf(page, 2)).toHaveText('n2 isolated');
  // The run goes on from there, and the address no longer claims to hold it.
  await button(page, 'Step forward').click();
  await expect.poll(() => page.evaluate(() => location.hash)).toBe('');
});

test('keys run the phases up to a number', async ({ page }) => {
  await open(page);
  await page.keyboard.press('2');
  await reachPhase(page, 2);
});
