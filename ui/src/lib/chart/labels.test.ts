import { describe, expect, it } from 'vitest';

import { placeLabels } from './labels';

const frame = { left: 0, top: 0, right: 400, bottom: 200 };

describe('labels', () => {
  it('stand right above their mark where there is room', () => {
    expect(placeLabels([{ x: 100, y: 100, texts: ['v1'] }], frame)).toEqual([{ x: 111, y: 94, anchor: 'start', text: 'v1' }]);
  });

  it('never cover each other or a mark', () => {
    const [first, second] = placeLabels([{ x: 100, y: 100, texts: ['a label'] }, { x: 110, y: 100, texts: ['a label'] }], frame);
    expect(first).not.toBeNull();
    expect(second).not.toBeNull();
    expect([first?.x, first?.y]).not.toEqual([second?.x, second?.y]);
  });

  it('become shorter before they go', () => {
    const long = 'v1 '.padEnd(80, 'x');
    expect(placeLabels([{ x: 380, y: 100, texts: [long, 'v1'] }], frame)[0]?.text).toBe('v1');
    expect(placeLabels([{ x: 380, y: 100, texts: [long] }], frame)).toEqual([null]);
  });
});
