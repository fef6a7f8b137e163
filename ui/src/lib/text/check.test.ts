import { describe, expect, it } from 'vitest';

import type { Check } from '../api';
import { checkWords } from './check';

const check = (over: Partial<Check>): Check => ({ mark: 'fail', rule: 'must not match', pattern: '', why: '', place: null, marks: [], scorer: 'sha256:s1', label: null, ...over });

describe('a broken rule', () => {
  it('names its text once where what came of it names it', () => {
    const pattern = '(?i)monday|tuesday';
    const why = 'the answer matches `(?i)monday|tuesday` at “Friday”, which must not be';
    expect(checkWords(check({ pattern, why }))).toBe('the answer matches `(?i)monday|tuesday` at “Friday”, which must not be');
  });

  it('names one of its texts, and one that the explanation shortens', () => {
    expect(checkWords(check({ rule: 'contains one of', pattern: 'two · three', why: 'the answer does not contain `three`' }))).toBe('the answer does not contain `three`');
    const long = 'x'.repeat(200);
    expect(checkWords(check({ pattern: long, why: `nothing in the answer matches \`${'x'.repeat(60)}…\`` }))).not.toContain(long);
  });

  it('names its text where the explanation does not, or where there is none', () => {
    expect(checkWords(check({ rule: 'pleases the judge', pattern: '3 votes', why: 'rude to the customer' }))).toBe('pleases the judge `3 votes`: rude to the customer');
    expect(checkWords(check({ pattern: 'a' }))).toBe('must not match `a`');
    expect(checkWords(check({ rule: '', why: 'the program ended with 3' }))).toBe('the program ended with 3');
  });
});
