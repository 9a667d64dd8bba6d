// The four phases, by clicks, as the design's section 8 has them.

import {
  button,
  digest,
  expect,
  open,
  PLACEMENT,
  placement,
  reachPhase,
  runPhases,
  test,
} from './scope.js';

test('Next phase runs each phase to its end, and placement is as designed', async ({ page }) => {
  await open(page);
  await expect(page.locator('body')).toHaveAttribute('data-phase', '0');
  await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
  for (let phase = 1; phase <= 4; phase += 1) {
    await button(page, 'Next phase').click();
    await reachPhase(page, phase);
    expect(await placement(page)).toEqual(PLACEMENT[phase]);
    await expect(page.getByTestId('safety')).toHaveText(/^SAFETY HOLDS/);
    await expect(button(page, 'Play')).toBeVisible();
  }
  await expect(button(page, 'Next phase')).toBeDisabled();
});

test('the same seed gives the same digest at the end of every phase', async ({ page }) => {
  const runs = [];
  for (const _ of [1, 2]) {
    await open(page, '?seed=7&speed=100');
    const digests = [];
    for (let phase = 1; phase <= 4; phase += 1) {
      await button(page, 'Next phase').click();
      await reachPhase(page, phase);
      // Where play stops depends on the wall clock; where the phase ended does not.
      const stepper = page.locator('#phases button').nth(phase - 1);
      await expect(stepper).toHaveAttribute('title', /digest was [0-9a-f]{16}/);
      digests.push(await stepper.getAttribute('title'));
    }
    runs.push(digests);
  }
  expect(runs[1]).toEqual(runs[0]);
});

test('another seed gives another run, with the same placement', async ({ page }) => {
  await open(page, '?seed=7&speed=100');
  await runPhases(page, 1);
  const seven = await digest(page);
  await open(page, '?seed=8&speed=100');
  await runPhases(page, 1);
  expect(await digest(page)).not.toBe(seven);
  expect(await placement(page)).toEqual(PLACEMENT[1]);
});

test('the header runs up to a phase, and goes back to the end of one', async ({ page }) => {
  await open(page);
  const stepper = page.locator('#phases button');
  await stepper.nth(1).click();
  await reachPhase(page, 2);
  await stepper.nth(0).click();
  await reachPhase(page, 1);
  expect(await placement(page)).toEqual(PLACEMENT[1]);
});

test('a phase that runs while playing does not stop the play', async ({ page }) => {
  await open(page);
  await button(page, 'Play').click();
  await button(page, 'Next phase').click();
  await reachPhase(page, 1);
  await expect(button(page, 'Pause')).toBeVisible();
});

test('captions follow what happens, and can be gone back through', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  const caption = page.locator('#caption-text');
  const newest = await caption.textContent();
  await button(page, 'Previous').click();
  await expect(caption).not.toHaveText(newest ?? '');
  await button(page, 'Next').click();
  await expect(caption).toHaveText(newest ?? '');
  await expect(button(page, 'Next')).toBeDisabled();
});

test('the key space shows each range, its leader and that it can be written', async ({ page }) => {
  await open(page);
  await runPhases(page, 2);
  const ranges = page.locator('#ranges .range');
  await expect(ranges).toHaveCount(2);
  await expect(ranges.nth(0)).toContainText('[1..100]');
  await expect(ranges.nth(1)).toContainText('[101..200]');
  await expect(ranges.nth(1)).toContainText('leader n1');
  await expect(ranges.nth(1)).toContainText(/writable (for|now)/);
});
