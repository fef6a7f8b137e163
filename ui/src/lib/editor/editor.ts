// The editor of spec files: CodeMirror, dressed in our tokens. Loaded when the first file is opened.
//
// What is wrong with a text and what its lines scored is given to it; it judges nothing itself.

import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic as Shown, forEachDiagnostic, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Extension, RangeSet, StateEffect, StateField } from '@codemirror/state';
import {
  drawSelection, EditorView, gutter, GutterMarker, highlightActiveLine, keymap, lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';

import specSchema from '../../../../specs/schema/spec.schema.json';
import workspaceSchema from '../../../../specs/schema/workspace.schema.json';
import type { Diagnostic, FileKind, GutterMark } from '../api';
import { completeBy, type Schema } from './complete';

/** What the editor is given. */
export interface EditorInput {
  text: string;
  kind: FileKind;
  readOnly: boolean;
  onChange: (text: string) => void;
  onSave: () => void;
}

/** Draws a mark into an element of the gutter; what it returns takes the mark away when the element goes. */
export type Draw = (mark: GutterMark, into: HTMLElement) => () => void;

/** An editor in the page. */
export interface Editor {
  /** Takes another text: one step of the undo history, so that letting go of what was typed can itself be undone. */
  replace(text: string): void;
  showDiagnostics(found: readonly Diagnostic[]): void;
  showGutter(marks: readonly GutterMark[], draw: Draw): void;
  setReadOnly(readOnly: boolean): void;
  goToLine(line: number): void;
  focus(): void;
  destroy(): void;
}

const setMarks = StateEffect.define<RangeSet<GutterMarker>>();

const marksField = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setMarks)) next = effect.value;
    return next;
  },
});

/** How what was drawn into an element is taken away: the element stays while the marks of its line are equal. */
const drawn = new WeakMap<Node, () => void>();

class Mark extends GutterMarker {
  constructor(readonly mark: GutterMark, readonly draw: Draw) {
    super();
  }
  override eq(other: Mark): boolean {
    const [a, b] = [this.mark, other.mark];
    return a.line === b.line && a.text === b.text && a.mark === b.mark && a.title === b.title;
  }
  override toDOM(): HTMLElement {
    const into = document.createElement('span');
    drawn.set(into, this.draw(this.mark, into));
    return into;
  }
  override destroy(dom: Node): void {
    drawn.get(dom)?.();
  }
}

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--accent)' },
  { tag: tags.comment, color: 'var(--muted)' },
  { tag: [tags.keyword, tags.meta], color: 'var(--muted)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { font: 'var(--t-code)', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'transparent', border: '0', color: 'var(--muted)' },
  '.cm-activeLine': { backgroundColor: 'var(--hover)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selected)',
  },
  '.cm-scores': { width: '46px' },
  '.cm-scores .cm-gutterElement': { display: 'flex', alignItems: 'center', justifyContent: 'center' },
  '.cm-scores .cm-gutterElement > span': { display: 'flex' },
  '.cm-lintRange-error': {
    backgroundImage: 'none', textDecorationLine: 'underline', textDecorationStyle: 'wavy',
    textDecorationColor: 'var(--fail)', textDecorationThickness: '1.5px', textUnderlineOffset: '3px',
  },
  '.cm-lintRange-warning, .cm-lintRange-info': {
    backgroundImage: 'none', textDecorationLine: 'underline', textDecorationStyle: 'dotted',
    textDecorationColor: 'var(--muted)', textDecorationThickness: '1.5px', textUnderlineOffset: '3px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--overlay)', color: 'var(--text)', border: '1px solid var(--line)',
    borderRadius: 'var(--r2)', boxShadow: 'var(--shadow)', font: 'var(--t-small)', maxWidth: '420px',
  },
  '.cm-diagnostic': { borderLeft: '0', padding: '8px 12px' },
  '.cm-diagnosticAction': {
    display: 'inline-block', marginLeft: '0', marginTop: '6px', height: '24px', padding: '0 8px', border: '0',
    borderRadius: 'var(--r2)', backgroundColor: 'var(--accent)', color: 'var(--on-accent)', font: '500 12px/1 var(--sans)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { font: 'var(--t-code)', padding: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '0 8px', borderRadius: 'var(--r1)', lineHeight: '24px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--selected)', color: 'var(--text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)' },
  '.cm-completionInfo': { font: 'var(--t-small)', color: 'var(--muted)', padding: '8px 12px' },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'var(--text)' },
});

/** A finding as CodeMirror shows it, with its fix as an action. */
export function shown(found: Diagnostic, length: number): Shown {
  const from = Math.min(found.from, length);
  const to = Math.max(from, Math.min(found.to, length));
  const severity = { error: 'error', warning: 'warning', note: 'info' } as const;
  const fix = found.fix;
  return {
    from,
    to,
    severity: severity[found.severity],
    message: found.help === null ? found.message : `${found.message}\n${found.help}`,
    actions: fix === null ? [] : [{ name: `Replace with ${fix}`, apply: (view, start, end) => mend(view, start, end, fix) }],
  };
}

function mend(view: EditorView, from: number, to: number, insert: string): void {
  view.dispatch({ changes: { from, to, insert }, userEvent: 'input.fix' });
}

/** Applies the fix of the first finding on the line of the cursor. */
function mendLine(view: EditorView): boolean {
  const line = view.state.doc.lineAt(view.state.selection.main.head);
  let done = false;
  forEachDiagnostic(view.state, (finding, from, to) => {
    const action = finding.actions?.[0];
    if (done || !action || to < line.from || from > line.to) return;
    done = true;
    action.apply(view, from, to);
  });
  return done;
}

/** What the text is: our YAML with what may be written in it, or plain text that wraps. */
function language(kind: FileKind): Extension {
  if (kind !== 'workspace' && kind !== 'spec') return EditorView.lineWrapping;
  const schema = kind === 'spec' ? specSchema : workspaceSchema;
  return [yaml(), autocompletion({ override: [completeBy(schema as unknown as Schema)], icons: false })];
}

/** Puts an editor into an element. */
export function createEditor(parent: HTMLElement, input: EditorInput): Editor {
  const locked = new Compartment();
  const lock = (readOnly: boolean): Extension => [EditorState.readOnly.of(readOnly), EditorView.editable.of(true)];
  let replacing = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: input.text,
      extensions: [
        lineNumbers(),
        marksField,
        gutter({ class: 'cm-scores', markers: (shownView) => shownView.state.field(marksField) }),
        history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(),
        indentUnit.of('  '),
        language(input.kind),
        syntaxHighlighting(colours),
        look,
        // The app's policy takes styles made at run time only with the nonce that it gave to the page's own.
        EditorView.cspNonce.of(document.querySelector('style')?.nonce ?? ''),
        locked.of(lock(input.readOnly)),
        EditorView.contentAttributes.of({ 'aria-label': 'Text of the file', spellcheck: 'false', tabindex: '0' }),
        keymap.of([
          { key: 'Mod-s', preventDefault: true, run: () => (input.onSave(), true) },
          { key: 'Mod-.', run: mendLine },
          ...completionKeymap,
          // Mod-Enter is the app's: it runs.
          ...defaultKeymap.filter((binding) => binding.key !== 'Mod-Enter'),
          ...historyKeymap, ...lintKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !replacing) input.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });

  return {
    replace(text) {
      if (text === view.state.doc.toString()) return;
      replacing = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      replacing = false;
    },
    showDiagnostics(found) {
      view.dispatch(setDiagnostics(view.state, found.map((each) => shown(each, view.state.doc.length))));
    },
    showGutter(marks, draw) {
      const lines = view.state.doc.lines;
      const ranges = marks
        .filter((mark) => mark.line >= 1 && mark.line <= lines)
        .map((mark) => new Mark(mark, draw).range(view.state.doc.line(mark.line).from));
      view.dispatch({ effects: setMarks.of(RangeSet.of(ranges, true)) });
    },
    setReadOnly(readOnly) {
      view.dispatch({ effects: locked.reconfigure(lock(readOnly)) });
    },
    goToLine(line) {
      const place = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      view.dispatch({ selection: { anchor: place.from }, effects: EditorView.scrollIntoView(place.from, { y: 'center' }) });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
