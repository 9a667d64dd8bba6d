// The page in a real browser. `cargo xtask test page` sets both variables; nothing is downloaded.

import { defineConfig } from '@playwright/test';

const chromium = process.env.SHARDSCOPE_CHROMIUM;

export default defineConfig({
  testDir: '.',
  // One at a time: each page runs a whole cluster, and frame times are measured.
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    baseURL: process.env.SHARDSCOPE_URL ?? 'http://127.0.0.1:8080',
    viewport: { width: 1440, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
