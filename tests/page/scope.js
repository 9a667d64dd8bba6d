// What every page test stands on: a page that must stay silent and at home, and the words in which the tests speak.

import { test as base, expect } from '@playwright/test';

/** @import { Locator, Page } from '@playwright/test' */

export { expect };

/** The placement table at the end of each phase, as the design says. */
export const PLACEMENT = [
  {},
  { shard_a: 'L F F – –' },
  { shard_a: 'L F F – –', shard_b: 'L F F – –' },
  { shard_a: 'L F F – –', shard_b: 'L F F N N' },
  { shard_a: 'L F F – –', shard_b: '– – – L F' },
];

/** Fails on any console error, uncaught error or request to another host. */
export const test = base.extend({
  page: async ({ page, baseURL }, use) => {
    /** @type {string[]} */
    const complaints = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const url = new URL(request.url());
      const home = new URL(baseURL ?? '').host;
      if (/^https?:$/.test(url.protocol) && url.host !== home) complaints.push(`request to ${url}`);
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
});

/**
 * Opens the page and waits until the engine runs.
 * @param {Page} page
 * @param {string} [address] query and fragment
 */
export async function open(page, address = '?speed=100') {
  await page.goto(`/${address}`);
  await expect(page.locator('body')).toHaveAttribute('data-ready', 'true');
}

/**
 * @param {Page} page
 * @param {string} name its whole accessible name
 */
export function button(page, name) {
  return page.getByRole('button', { name, exact: true });
}

/**
 * Waits until a phase is complete.
 * @param {Page} page
 * @param {number} phase
 */
export async function reachPhase(page, phase) {
  await expect(page.locator('body')).toHaveAttribute('data-phase', String(phase), {
    timeout: 60_000,
  });
}

/**
 * @param {Page} page
 * @param {number} last runs the phases up to this one
 */
export async function runPhases(page, last) {
  for (let phase = 1; phase <= last; phase += 1) {
    await button(page, 'Next phase').click();
    await reachPhase(page, phase);
  }
}

/**
 * The placement table: by shard, its cells.
 * @param {Page} page
 * @returns {Promise<Record<string, string>>}
 */
export async function placement(page) {
  const rows = await page.locator('table[data-testid="placement"] tbody tr').all();
  const read = rows.map(async (row) => {
    const cells = await row.locator('td').allTextContents();
    return [await row.locator('th').textContent(), cells.join(' ')];
  });
  return Object.fromEntries(await Promise.all(read));
}

/**
 * The header of a node's column.
 * @param {Page} page
 * @param {number} node
 * @returns {Locator}
 */
export function columnOf(page, node) {
  return page.locator('table[data-testid="placement"] thead th').nth(node);
}

/** @param {Page} page */
export async function digest(page) {
  return (await page.getByTestId('digest').textContent()) ?? '';
}

/**
 * Selects what is drawn in the scene.
 * @param {Page} page
 * @param {string} what such as `node:2`
 */
export async function select(page, what) {
  await page.locator(`[data-pick="${what}"]`).click();
}
