import { expect, it } from 'vitest';

import { csv } from './csv';

it('quotes what must be quoted and takes the power from formulas', () => {
  const text = csv(['version', 'note'], [['=1+1', 'a "b", c'], ['-x', -0.5], ['two\nlines', null]]);
  expect(text).toBe('version,note\r\n\'=1+1,"a ""b"", c"\r\n\'-x,-0.5\r\n"two\nlines",\r\n');
});
