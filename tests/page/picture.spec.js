// The picture in the README: `UPDATE_SCREENSHOT=1 cargo xtask test page` writes it anew.

import { fileURLToPath } from 'node:url';
import { expect, open, reachPhase, runPhases, select, test } from './scope.js';

const FILE = fileURLToPath(new URL('../../docs/screenshot.png', import.meta.url));

test('the picture of phase 3, with a snapshot under way', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page, '?still&speed=1/100');
  await page.locator('#speed').selectOption({ label: '100 ×' });
  await runPhases(page, 2);
  await page.locator('#speed').selectOption({ label: '1/20 ×' });
  await page.keyboard.press('3');
  const snapshot = page.locator('.layer-dots .dot rect').first();
  await snapshot.waitFor({ state: 'attached', timeout: 60_000 });
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  await page.evaluate(
    () => document.activeElement instanceof HTMLElement && document.activeElement.blur(),
  );
  await select(page, 'shard:2');
  if (process.env.UPDATE_SCREENSHOT) await page.screenshot({ path: FILE });
  await page.locator('#speed').selectOption({ label: '100 ×' });
  await page.keyboard.press('Space');
  await reachPhase(page, 3);
});
