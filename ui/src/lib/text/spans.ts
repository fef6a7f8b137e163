// Sentences of the core name what stands in files between backticks: cut there, so that it can be shown as code.

import { oneLine } from './said';

/** A piece of a sentence. */
export interface Span {
  text: string;
  code: boolean;
}

/** Cuts a sentence at its pairs of backticks; one that has no partner is a character like any other. */
export function spans(sentence: string): Span[] {
  const found: Span[] = [];
  let done = 0;
  for (const match of sentence.matchAll(/`([^`]+)`/g)) {
    if (match.index > done) found.push({ text: sentence.slice(done, match.index), code: false });
    found.push({ text: match[1] ?? '', code: true });
    done = match.index + match[0].length;
  }
  if (done < sentence.length) found.push({ text: sentence.slice(done), code: false });
  return found;
}

/** A sentence without its backticks, for places that hold plain text: titles, names for a screen reader. */
export function plain(sentence: string): string {
  return oneLine(spans(sentence).map((span) => span.text).join(''));
}
