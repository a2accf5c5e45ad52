import { defineConfig } from '@playwright/test';

// Debian's Chromium, never a downloaded one.
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP lan.test 127.0.0.1'];

export default defineConfig({
  testDir: '.',
  workers: 2, // each spec has a studio of its own; one alone leaves a core idle for half of its time
  retries: 1, // one that needs it is reported as flaky
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: process.env.CI ? 'line' : 'list',
  outputDir: process.env.ATELIER_E2E_OUT ?? '../../node_modules/.cache/e2e',
  use: {
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args },
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    trace: 'off',
    serviceWorkers: 'block', // but where a test is about them
  },
});
