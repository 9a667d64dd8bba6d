// The page as one file, opened from disk. `cargo xtask test page` makes it and says where it is.

import { pathToFileURL } from 'node:url';
import { button, expect, PLACEMENT, placement, runPhases, test } from './scope.js';

test('the single file runs all phases from disk, without any request', async ({ page }) => {
  const file = process.env.SHARDSCOPE_SINGLE;
  if (!file) throw new Error('SHARDSCOPE_SINGLE is not set: run this by `cargo xtask test page`');
  /** @type {string[]} */
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(`${pathToFileURL(file)}?speed=100`);
  await expect(page.locator('body')).toHaveAttribute('data-ready', 'true');
  await runPhases(page, 4);
  expect(await placement(page)).toEqual(PLACEMENT[4]);
  await expect(button(page, 'Share')).toBeEnabled();
  const others = requests.filter((url) => !/^(file|blob|data):/.test(url));
  expect(others).toEqual([]);
});
