// What the faults toolbar does to the selected node, and how it shows.

import {
  button,
  columnOf,
  digest,
  expect,
  open,
  PLACEMENT,
  placement,
  runPhases,
  select,
  test,
} from './scope.js';

test('crash and restart show in the table header', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:3');
  await expect(button(page, 'Restart')).toBeDisabled();
  await expect(button(page, 'Restart')).toHaveAttribute('title', 'n3 is not down');
  await button(page, 'Crash').click();
  await expect(columnOf(page, 3)).toHaveText('n3 down');
  await expect(button(page, 'Crash')).toBeDisabled();
  // What is on its disk is still there, and is a follower once it is back.
  await expect(page.locator('.chip.asleep')).toContainText('on disk');
  expect(await placement(page)).toEqual(PLACEMENT[1]);
  await button(page, 'Restart').click();
  await expect(columnOf(page, 3)).toHaveText('n3');
});

test('isolate and heal show in the table header', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await expect(button(page, 'Heal')).toBeDisabled();
  await select(page, 'node:2');
  await button(page, 'Isolate').click();
  await expect(columnOf(page, 2)).toHaveText('n2 isolated');
  await expect(button(page, 'Isolate')).toBeDisabled();
  await button(page, 'Heal').click();
  await expect(columnOf(page, 2)).toHaveText('n2');
});

test('when the leader crashes another takes over, and safety holds', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:1');
  await button(page, 'Crash').click();
  await expect(page.locator('#ranges .range')).toContainText('not writable');
  await expect(page.locator('.why').first()).toContainText('Why can shard_a not be written?');
  await button(page, 'Play').click();
  await expect(page.locator('#ranges .range')).toContainText(/leader n[23]/);
  await expect(page.locator('#ranges .line')).toHaveClass(/writable/);
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
});

test('the toolbar acts on the node of the selected replica', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  const replica = page.locator('[data-pick^="replica:"]').nth(1);
  await replica.click();
  await expect(page.locator('#inspector-title')).toContainText('shard_a on n2');
  await button(page, 'Crash').click();
  await expect(columnOf(page, 2)).toHaveText('n2 down');
});

test('a refused command says why and changes nothing', async ({ page }) => {
  await open(page);
  await runPhases(page, 1);
  await select(page, 'node:2');
  const before = await digest(page);
  // The button is made to act twice: the second crash finds the node down.
  await page.evaluate(() => {
    const crash = /** @type {HTMLButtonElement} */ (document.getElementById('crash'));
    crash.click();
    crash.click();
  });
  await expect(page.getByRole('alert')).toContainText('n2');
  await expect(columnOf(page, 2)).toHaveText('n2 down');
  await button(page, 'Step back').click();
  expect(await digest(page)).not.toBe(before);
  await button(page, 'Dismiss').click();
  await expect(page.getByRole('alert')).toBeHidden();
});

test('play stops where a property is found false, and shows what and where', async ({ page }) => {
  await open(page, '?speed=100#scenario=stale-lease-read');
  const found = page.locator('#found');
  await expect(found).toContainText('S16 linearizable histories does not hold');
  await expect(found).toContainText('which was overwritten before it began');
  await expect(button(page, 'Play')).toBeVisible();
  await expect(page.getByTestId('safety')).toHaveText(/^VIOLATION S16 linearizable histories/);
  const line = page.locator('#events .violation');
  await expect(line).toHaveCount(1);
  const at = await line.locator('b').textContent();
  const stopped = await digest(page);
  // It was found at this very step, not before it, and again on the way forth.
  await button(page, 'Step back').click();
  await expect(found).toBeHidden();
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
  await button(page, 'Play').click();
  await expect(found).toBeVisible();
  await expect(button(page, 'Play')).toBeVisible();
  await expect.poll(() => digest(page)).toBe(stopped);
  // Who wants to go on may, and comes back to it.
  await button(page, 'Play').click();
  await expect(page.locator('#time')).not.toHaveText(/^1\.0/);
  await button(page, 'Show the event').click();
  await expect(button(page, 'Play')).toBeVisible();
  await expect.poll(() => digest(page)).toBe(stopped);
  await expect(line.locator('b')).toHaveText(String(at));
});
