// `npm run look`: the built interface in a real browser, over a fixture instead of a core. It looks at every screen
// in both themes and two sizes, holds each to WCAG 2.2 AA with axe, and keeps the pictures in `node_modules/.look`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: { environment: 'node', include: ['tests/look/*.look.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
