import { EditorView } from '@codemirror/view';
import { cleanup, render } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { GutterMark } from '../../lib/api';
import Editor from './Editor.svelte';

const marks = (): GutterMark[] => [{ line: 1, mark: 'fail', text: '1/4', title: 'a: 1 of 4 passed' }] as GutterMark[];
const props = { text: 'one\ntwo\nthree', kind: 'spec' as const, readOnly: false, diagnostics: [], gutter: marks(), line: null, onchange: vi.fn(), onsave: vi.fn() };
let page: ReturnType<typeof render<typeof Editor>>;
const scores = (): string => page.container.querySelector('.cm-scores')?.textContent.trim() ?? '';

beforeEach(async () => {
  page = render(Editor, { ...props });
  await vi.waitFor(() => expect(scores()).toBe('1/4'));
});
afterEach(cleanup);

it('the scores of lines stay when the file is read again and they are the same', async () => {
  await page.rerender({ gutter: marks() });
  expect(scores()).toBe('1/4');
});

it('the scores of lines give way to others', async () => {
  await page.rerender({ gutter: marks().map((mark) => ({ ...mark, text: '2/4' })) });
  expect(scores()).toBe('2/4');
  await page.rerender({ gutter: [] });
  expect(scores()).toBe('');
});

it('a line that is gone to has the focus, however often', () => {
  for (const line of [3, 1, 3]) {
    page.component.goTo(line);
    const found = EditorView.findFromDOM(page.getByTestId('editor'));
    expect([found?.hasFocus, found?.state.doc.lineAt(found.state.selection.main.head).number]).toEqual([true, line]);
  }
});
