import { describe, expect, it } from 'vitest';

import { go, parseRoute, route, routeHash } from './route.svelte';

describe('the address of a place', () => {
  it('is read back as it was written, whatever is in it', () => {
    const params = { verdict: 'sha256:ab', case: 'a & b?#ü' };
    expect(parseRoute(routeHash('verdict', params))).toEqual({ screen: 'verdict', params });
  });

  it('leaves out what is not there', () => {
    expect(routeHash('specs', { file: null, line: undefined })).toBe('#/specs');
  });

  it('leads home when it is not known', () => {
    expect(parseRoute('#/settings').screen).toBe('home');
    expect(parseRoute('').screen).toBe('home');
  });
});

it('a place that is gone to is there at once, without what was looked at before', () => {
  go('verdict', { verdict: 'sha256:ab', case: 'a' });
  expect([route.screen, route.params]).toEqual(['verdict', { verdict: 'sha256:ab', case: 'a' }]);
  go('verdict', { spec: 'refunds' });
  expect([route.screen, Object.keys(route.params)]).toEqual(['verdict', ['spec']]);
});
