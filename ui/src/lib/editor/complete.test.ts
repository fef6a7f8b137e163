import { describe, expect, it } from 'vitest';

import specSchema from '../../../../specs/schema/spec.schema.json';
import workspaceSchema from '../../../../specs/schema/workspace.schema.json';
import { keysAt, type Schema, valuesAt } from './complete';
import { placeAt } from './place';

const spec = specSchema as unknown as Schema;
const workspace = workspaceSchema as unknown as Schema;

/** What is offered where `|` stands. */
function offered(schema: Schema, marked: string): string[] {
  const offset = marked.indexOf('|');
  const place = placeAt(marked.replace('|', ''), offset);
  if (!place) return ['nothing'];
  const offers = place.typing === 'key' ? keysAt(schema, place.path) : valuesAt(schema, place.path);
  return offers.map((offer) => offer.text).filter((text) => !place.siblings.includes(text) && text.startsWith(place.typed));
}

describe('what may be written in a spec', () => {
  it('at the top, without what is there', () => {
    const keys = offered(spec, 'name: refunds\n|\ngate: 90%\n');
    expect(keys).toEqual(expect.arrayContaining(['agent', 'cases', 'scorers']));
    expect(keys).not.toContain('name');
    expect(keys).not.toContain('gate');
  });

  it('in a case, in the list or as far left as its key', () => {
    for (const text of ['cases:\n  - name: a\n    |', 'cases:\n- name: a\n  |', 'cases:\n  - name: a\n    input: x\n\n    # a remark\n    |']) {
      expect(offered(spec, text), text).toEqual(expect.arrayContaining(['critical', 'expect', 'trials']));
      expect(offered(spec, text), text).not.toContain('name');
    }
    expect(offered(spec, 'cases:\n  - crit|')).toEqual(['critical']);
  });

  it('as an expectation, in a list, within braces, and negated', () => {
    expect(offered(spec, 'cases:\n  - expect:\n      - con|')).toEqual(['contains']);
    expect(offered(spec, 'cases:\n  - expect: { cont|')).toEqual(['contains']);
    expect(offered(spec, 'cases:\n  - expect: { tool_call: { na|')).toEqual(['name']);
    expect(offered(spec, 'cases:\n  - expect:\n      - not: { reg|')).toEqual(['regex']);
  });

  it('as a criterion of any name, and as its metric', () => {
    expect(offered(spec, 'gate:\n  quality: { metric: pass_rate, |')).toEqual(expect.arrayContaining(['target', 'floor', 'blocking']));
    expect(offered(spec, 'gate:\n  quality: { metric: pass_rate, |')).not.toContain('metric');
    expect(offered(spec, 'gate:\n  quality:\n    metric: |')).toContain('pass_rate');
    expect(offered(spec, 'gate:\n  quality: { metric: lat|')).toEqual(['latency']);
    expect(offered(spec, 'gate:\n  quality: { blocking: |')).toEqual(['true', 'false']);
    expect(offered(spec, 'gate:\n  quality: { wei|')).toEqual(['weighted']);
    expect(offered(spec, 'deterministic: |')).toEqual(['true', 'false']);
  });

  it('as one of a few values', () => {
    expect(offered(spec, 'ask: |')).toEqual(['every_case_once', 'enough']);
  });

  it('nothing in a comment, in a text, or where anything goes', () => {
    for (const text of ['# na|', 'name: "ca|', 'cases:\n  - input: My parcel |', 'description: |']) expect(['nothing', undefined]).toContain(offered(spec, text)[0]);
  });
});

describe('what may be written in a workspace file', () => {
  it('in an agent and an environment of any name', () => {
    expect(offered(workspace, 'agents:\n  bot:\n    |')).toEqual(expect.arrayContaining(['type', 'url', 'model', 'prompt']));
    expect(offered(workspace, 'environments:\n  production:\n    agent: bot\n    |')).toEqual(expect.arrayContaining(['deploy', 'requires']));
  });

  it('says what each key means', () => {
    const offers = keysAt(workspace, [{ key: 'agents' }, { key: 'bot' }]);
    expect(offers.filter((offer) => offer.about === '').length).toBeLessThan(offers.length / 2);
  });
});
