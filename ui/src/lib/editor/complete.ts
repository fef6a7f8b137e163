// What may be written at a place, from the JSON Schema of the file: keys with what they mean, and values.

import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';

import { placeAt, type Step } from './place';

/** The part of JSON Schema (draft 2020-12) that our schemas use. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  description?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: (Schema | boolean)[];
  oneOf?: (Schema | boolean)[];
  allOf?: (Schema | boolean)[];
  properties?: Record<string, Schema | boolean>;
  additionalProperties?: Schema | boolean;
  items?: Schema | boolean;
}

/** A key or a value that may stand at a place. */
export interface Offer {
  text: string;
  about: string;
}

type Given = Schema | boolean | undefined;

/** References followed at most: schemas of expectations hold expectations. */
const DEPTH_MAX = 12;

/** A schema with every alternative that it allows, references followed. */
function alternatives(root: Schema, given: Given, depth = 0): Schema[] {
  if (given === undefined || typeof given === 'boolean' || depth > DEPTH_MAX) return [];
  const target = given.$ref === undefined ? [] : alternatives(root, definition(root, given.$ref), depth + 1);
  const choices = [...(given.anyOf ?? []), ...(given.oneOf ?? []), ...(given.allOf ?? [])];
  return [given, ...target, ...choices.flatMap((choice) => alternatives(root, choice, depth + 1))];
}

function definition(root: Schema, reference: string): Schema | undefined {
  return root.$defs?.[reference.replace('#/$defs/', '')];
}

/** Every schema that a value at the end of a path may follow. */
function along(root: Schema, path: readonly Step[]): Schema[] {
  let found = alternatives(root, root);
  for (const step of path) {
    found = found.flatMap((schema): Schema[] => {
      if (step === 'item') return alternatives(root, schema.items);
      return alternatives(root, schema.properties?.[step.key] ?? schema.additionalProperties);
    });
  }
  return found;
}

function about(root: Schema, given: Schema | boolean): string {
  return alternatives(root, given).find((schema) => schema.description !== undefined)?.description ?? '';
}

/** Keys that a mapping at the end of a path may have. */
export function keysAt(root: Schema, path: readonly Step[]): Offer[] {
  const offers = new Map<string, string>();
  for (const schema of along(root, path)) {
    for (const [name, given] of Object.entries(schema.properties ?? {})) if (!offers.has(name)) offers.set(name, about(root, given));
  }
  return [...offers].map(([text, words]) => ({ text, about: words }));
}

/** Values that are known to be allowed at the end of a path. */
export function valuesAt(root: Schema, path: readonly Step[]): Offer[] {
  const offers = new Map<string, string>();
  for (const schema of along(root, path)) {
    const values = schema.type === 'boolean' && schema.const === undefined ? [true, false] : [...(schema.const === undefined ? [] : [schema.const]), ...(schema.enum ?? [])];
    for (const value of values) if (value !== null) offers.set(String(value), offers.get(String(value)) ?? schema.description ?? '');
  }
  return [...offers].map(([text, words]) => ({ text, about: words }));
}

/** Completion by a schema. */
export function completeBy(root: Schema): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const place = placeAt(context.state.doc.toString(), context.pos);
    if (!place || (!context.explicit && place.typed === '' && place.typing === 'key')) return null;
    const isKey = place.typing === 'key';
    const taken = place.siblings.filter((key) => key !== place.typed);
    const offers = isKey ? keysAt(root, place.path).filter(({ text }) => !taken.includes(text)) : valuesAt(root, place.path);
    if (offers.length === 0) return null;
    const options = offers.map(({ text, about: words }): Completion => ({
      label: text, type: isKey ? 'property' : 'enum', apply: isKey ? `${text}: ` : text, ...(words === '' ? {} : { info: words }),
    }));
    return { from: context.pos - place.typed.length, options, validFor: /^[\w-]*$/ };
  };
}
