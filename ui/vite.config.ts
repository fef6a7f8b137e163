import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  // The page is served from the app's own scheme and from a test host alike.
  base: './',
  clearScreen: false,
  // The JSON Schemas of our files lie beside this folder.
  server: { port: 1420, strictPort: true, fs: { allow: ['..'] } },
  // vitest runs components in a page of its own: it needs the browser's build of Svelte.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  build: {
    // WebKitGTK 2.44 is the oldest engine: nesting and light-dark() are left as written.
    target: ['es2022', 'safari17.5'],
    cssTarget: ['safari17.5'],
    // The policy of the page allows no data: scripts, and the editor is a chunk of its own.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
  },
});
