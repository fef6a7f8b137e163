import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Workspace } from '../api';
import { actOfKey } from './acts';
import { frame } from './frame.svelte';

function pressed(key: string, at: string, ctrlKey = true): boolean {
  document.body.innerHTML = '<main><button id="page"></button><input id="field"></main><div role="dialog"><button id="dialog"></button></div>';
  const event = new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true });
  let act: ReturnType<typeof actOfKey>;
  window.addEventListener('keydown', () => (act = actOfKey(event)), { once: true });
  document.getElementById(at)?.dispatchEvent(event);
  return act !== undefined;
}

beforeEach(() => {
  frame.workspace = { path: '/work' } as Workspace;
});
afterEach(() => {
  frame.workspace = null;
  frame.palette = false;
});

describe('a key pressed anywhere', () => {
  it('goes, runs and opens', () => {
    expect(['1', '6', 'k', 'o', 'Enter'].map((key) => pressed(key, 'page'))).toEqual([true, true, true, true, true]);
    expect(pressed('7', 'page')).toBe(false);
  });

  it('begins nothing behind a dialog', () => {
    expect(['1', 'k', 'o', 'Enter', '?'].map((key) => pressed(key, 'dialog', key !== '?'))).toEqual([false, false, false, false, false]);
  });

  it('closes the palette that it opened', () => {
    frame.palette = true;
    expect(pressed('k', 'dialog')).toBe(true);
  });

  it('is the field’s where it is a letter', () => {
    expect([pressed('?', 'page', false), pressed('?', 'field', false)]).toEqual([true, false]);
  });
});
