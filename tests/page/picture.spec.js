// The picture in the README: `UPDATE_SCREENSHOT=1 cargo xtask test page` writes it anew.

import { fileURLToPath } from 'node:url';
import { button, expect, open, reachPhase, runPhases, select, test } from './scope.js';

const FILE = fileURLToPath(new URL('../../docs/screenshot.png', import.meta.url));

test('the picture of phase 3, with a snapshot under way', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page);
  await runPhases(page, 2);
  await page.locator('#speed').selectOption({ label: '1/100 ×' });
  // Paused from within: the snapshot travels for less time than a click from here takes.
  await page.evaluate(() => {
    const dots = document.querySelector('.layer-dots');
    const watch = new MutationObserver(() => {
      if (!dots?.querySelector('.dot rect')) return;
      watch.disconnect();
      setTimeout(() => document.getElementById('play')?.click(), 120);
    });
    if (dots) watch.observe(dots, { childList: true });
  });
  await button(page, 'Next phase').click();
  await expect(button(page, 'Pause')).toBeVisible();
  await expect(button(page, 'Play')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.layer-dots .dot rect')).not.toHaveCount(0);
  await select(page, 'shard:2');
  if (process.env.UPDATE_SCREENSHOT) await page.screenshot({ path: FILE, animations: 'disabled' });
  await page.locator('#speed').selectOption({ label: '100 ×' });
  await button(page, 'Play').click();
  await reachPhase(page, 3);
});
