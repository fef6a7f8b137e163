// Where in a YAML text the cursor is: the path of keys and items that leads there, and what is being typed.
//
// Read from the lines themselves, not from a syntax tree: what is typed is not yet YAML, and that is when it matters.

/** A step into a value: a key of a mapping, or an item of a list. */
export type Step = { key: string } | 'item';

/** A place. */
export interface Place {
  /** From the top to the mapping or value that the cursor is in. */
  path: Step[];
  /** Whether a key is typed there, or a value. */
  typing: 'key' | 'value';
  /** What was typed of it. */
  typed: string;
  /** Keys that the mapping has already. */
  siblings: string[];
}

interface Segment {
  indent: number;
  step: Step;
  /** Whether the rest of the line holds its value. */
  filled: boolean;
}

const KEY = /^("[^"]*"|'[^']*'|[\w.-]+):(?:\s+|$)/;

/** The steps that a line begins: its dashes, and its key. What follows them is the rest. */
function segments(line: string): { parts: Segment[]; rest: string; at: number } {
  const parts: Segment[] = [];
  let at = line.length - line.trimStart().length;
  for (;;) {
    const rest = line.slice(at);
    if (/^-(\s|$)/.test(rest)) {
      const width = rest.length - rest.slice(1).trimStart().length;
      parts.push({ indent: at, step: 'item', filled: rest.slice(1).trim() !== '' });
      at += width;
      continue;
    }
    const key = KEY.exec(rest);
    if (key) {
      parts.push({ indent: at, step: { key: unquoted(key[1] ?? '') }, filled: rest.slice(key[0].length).trim() !== '' });
      at += key[0].length;
    }
    return { parts, rest: line.slice(at), at };
  }
}

const unquoted = (text: string): string => text.replace(/^["']|["']$/g, '');
const blank = (line: string): boolean => /^\s*(#|$)/.test(line);

/** The place of an offset in a text; none within a comment or a text between quotes. */
export function placeAt(text: string, offset: number): Place | null {
  const before = text.slice(0, offset).split('\n');
  const line = before.pop() ?? '';
  if (/(^|\s)#/.test(line.replace(/"[^"]*"|'[^']*'/g, ''))) return null;
  const { parts, rest, at } = segments(line);
  const own = parts.map((part) => part.step);
  const first = parts[0];
  const outer = parents(before, first?.indent ?? at, first?.step === 'item');

  const flow = inFlow(rest);
  if (flow === null) return null;
  if (flow !== 'none') return { ...flow, path: [...outer, ...own, ...flow.path] };
  const typed = rest.trimStart();
  if (!/^[\w.%-]*$/.test(typed)) return null;
  const last = own.at(-1);
  if (last !== undefined && last !== 'item') return { path: [...outer, ...own], typing: 'value', typed, siblings: [] };
  const after = text.slice(offset).split('\n').slice(1);
  return { path: [...outer, ...own], typing: 'key', typed, siblings: siblings(before, after, at, last === 'item') };
}

/** The steps above a line that begins at `indent`, from the lines before it. */
function parents(lines: readonly string[], indent: number, isItem: boolean): Step[] {
  const path: Step[] = [];
  let [need, item] = [indent, isItem];
  for (const line of lines.toReversed()) {
    if (blank(line)) continue;
    for (const part of segments(line).parts.toReversed()) {
      // A list may stand as far left as the key that it belongs to.
      const holdsList = item && part.step !== 'item' && part.indent === need && !part.filled;
      if (part.indent >= need && !holdsList) continue;
      path.unshift(part.step);
      [need, item] = [part.indent, part.step === 'item'];
    }
    if (need === 0 && !item) break;
  }
  return path;
}

/** Keys of the mapping at a column, in the lines around: upwards to where it begins, downwards to where it ends. */
function siblings(before: readonly string[], after: readonly string[], column: number, begins: boolean): string[] {
  const keys: string[] = [];
  const read = (line: string): boolean => {
    if (blank(line)) return true;
    const { parts } = segments(line);
    const own = parts.find((part) => part.indent === column && part.step !== 'item');
    if (own && own.step !== 'item') keys.push(own.step.key);
    const start = parts[0]?.indent ?? line.length - line.trimStart().length;
    return start >= column;
  };
  if (!begins) for (const line of before.toReversed()) if (!read(line)) break;
  for (const line of after) {
    if (!blank(line) && (segments(line).parts[0]?.indent ?? 0) < column) break;
    read(line);
  }
  return keys;
}

/** The place within braces on one line; `none` outside of any, null between quotes. */
function inFlow(rest: string): Omit<Place, never> | 'none' | null {
  const stack: { list: boolean; keys: string[]; key: string | null }[] = [];
  let word = '';
  for (let at = 0; at < rest.length; at += 1) {
    const letter = rest[at] ?? '';
    const top = stack.at(-1);
    if (letter === '"' || letter === "'") {
      const end = rest.indexOf(letter, at + 1);
      if (end < 0) return null;
      word = rest.slice(at, end + 1);
      at = end;
    } else if (letter === '{' || letter === '[') {
      stack.push({ list: letter === '[', keys: [], key: null });
      word = '';
    } else if (letter === '}' || letter === ']') {
      stack.pop();
      word = '';
    } else if (letter === ',' && top) {
      top.key = null;
      word = '';
    } else if (letter === ':' && top && !top.list && /\s|$/.test(rest[at + 1] ?? ' ')) {
      top.key = unquoted(word.trim());
      top.keys.push(top.key);
      word = '';
    } else word += letter;
  }
  const top = stack.at(-1);
  if (!top) return 'none';
  const path = stack.flatMap((level): Step[] => (level.list ? ['item'] : level.key === null ? [] : [{ key: level.key }]));
  const typing = top.list || top.key !== null ? 'value' : 'key';
  return { path, typing, typed: word.trimStart(), siblings: top.keys };
}
