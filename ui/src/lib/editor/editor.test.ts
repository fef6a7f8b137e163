import { undo } from '@codemirror/commands';
import { EditorView } from '@codemirror/view';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createEditor, type Editor } from './editor';

const onChange = vi.fn<(text: string) => void>();
let parent: HTMLElement;
let editor: Editor;

beforeEach(() => {
  onChange.mockClear();
  parent = document.createElement('div');
  document.body.append(parent);
  editor = createEditor(parent, { text: 'typed', kind: 'prompt', readOnly: false, onChange, onSave: () => undefined });
});
afterEach(() => {
  editor.destroy();
  parent.remove();
});

function view(): EditorView {
  const found = EditorView.findFromDOM(parent);
  if (!found) throw new Error('no editor');
  return found;
}

describe('another text', () => {
  it('is not told as typed', () => {
    editor.replace('saved');
    expect([view().state.doc.toString(), onChange.mock.calls]).toEqual(['saved', []]);
  });

  it('can be undone, and what was typed is typed again', () => {
    editor.replace('saved');
    expect(undo(view())).toBe(true);
    expect([view().state.doc.toString(), onChange.mock.calls]).toEqual(['typed', [['typed']]]);
  });

  it('that reads the same is no step to undo', () => {
    editor.replace('typed');
    expect(undo(view())).toBe(false);
  });
});
