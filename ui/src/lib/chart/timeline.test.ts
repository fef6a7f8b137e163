import { describe, expect, it } from 'vitest';

import type { Timeline, TimelinePoint, VersionRef } from '../api';
import { crowded, POINTS_MAX, thin, timelinePicture, zoom } from './timeline';

const DAY = 86_400_000;
const version = (label: string): VersionRef => ({ id: `sha256:${label}`, short: label, label, grade: 'sent', dirty: null });
const point = (index: number, over: Partial<TimelinePoint> = {}): TimelinePoint => ({
  version: version(`v${index}`), at: index * DAY, value: 0.9, low: 0.8, high: 0.95, value_text: '', calls: 80, calls_max: 203,
  stopped_early: true, outcome: 'pass', standing: 'prospective', verdict: null, note: '', meaning: 0, identity_changed: false, ...over,
});
const timeline = (points: TimelinePoint[], over: Partial<Timeline> = {}): Timeline => ({
  spec: 'refunds', specs: ['refunds'], criterion: 'quality', criteria: ['quality'], title: '', detail: '', target: 0.9, floor: 0.8,
  points, spec_changes: [], marks: [], lanes: [], ...over,
});
const whole = (line: Timeline, even = false) => ({ width: 1000, even, from: 0, to: line.points.length - 1 });

describe('the timeline', () => {
  it('is true to time, or evenly spaced', () => {
    const line = timeline([point(0), point(1), point(9)]);
    const byTime = timelinePicture(line, whole(line)).points.map((drawn) => drawn.x);
    const evenly = timelinePicture(line, whole(line, true)).points.map((drawn) => drawn.x);
    const gap = (xs: number[], at: number): number => (xs[at + 1] ?? 0) - (xs[at] ?? 0);
    expect(gap(byTime, 1) / gap(byTime, 0)).toBeCloseTo(8);
    expect(gap(evenly, 1)).toBeCloseTo(gap(evenly, 0));
  });

  it('puts a higher value higher, the bound around it, target above floor', () => {
    const line = timeline([point(0, { value: 0.7, low: 0.6, high: 0.8 }), point(1)]);
    const picture = timelinePicture(line, whole(line));
    const [worse, better] = picture.points;
    expect(better?.y).toBeLessThan(worse?.y ?? 0);
    expect(worse?.high).toBeLessThan(worse?.y ?? 0);
    expect(worse?.low).toBeGreaterThan(worse?.y ?? 0);
    expect(picture.target).toBeLessThan(picture.floor ?? 0);
    expect(picture.values.at(-1)?.text).toBe('1.00');
  });

  it('breaks line and band where the spec changed', () => {
    const line = timeline([point(0), point(1), point(2, { meaning: 1 }), point(3, { meaning: 1 })], { spec_changes: [{ at: 1.5 * DAY, text: 'no dates' }] });
    const picture = timelinePicture(line, whole(line));
    expect(picture.series).toHaveLength(2);
    expect(picture.bands).toHaveLength(2);
    const [, before, after] = picture.points;
    expect(picture.changes[0]?.x).toBeGreaterThan(before?.x ?? Infinity);
    expect(picture.changes[0]?.x).toBeLessThan(after?.x ?? 0);
  });

  it('draws no value where no round is complete', () => {
    const line = timeline([point(0), point(1, { value: null, low: null, high: null }), point(2)]);
    const picture = timelinePicture(line, whole(line));
    expect(picture.points[1]?.text).toBe('no complete round');
    expect(picture.points[1]?.low).toBeNull();
    expect(picture.series[0]?.split('L')).toHaveLength(2);
  });

  it('keeps lanes and marks within the plot, whatever the order of times', () => {
    const line = timeline([point(3), point(4)], {
      lanes: [{ environment: 'production', spans: [{ version: version('v1'), from: 0, to: 3.5 * DAY }, { version: null, from: 3.5 * DAY, to: null }] }],
      marks: [{ at: 3.5 * DAY, environment: 'production', kind: 'promoted', version: version('v3'), text: '' }],
    });
    for (const even of [false, true]) {
      const picture = timelinePicture(line, whole(line, even));
      const spans = picture.lanes[0]?.spans ?? [];
      expect(spans).toHaveLength(2);
      for (const span of spans) {
        expect(span.x).toBeGreaterThanOrEqual(picture.left);
        expect(span.x + span.width).toBeLessThanOrEqual(picture.right + 0.5);
      }
      expect(spans[1]).toMatchObject({ text: 'unknown', known: false });
      expect(picture.lanes[0]?.marks[0]?.x).toBeCloseTo(spans[1]?.x ?? 0);
    }
  });

  it('says a third digit where two would hide the side of the floor', () => {
    const line = timeline([point(0, { value: 0.804 }), point(1, { value: 0.86 })]);
    expect(timelinePicture(line, whole(line)).points.map((drawn) => drawn.text)).toEqual(['0.804, 80 calls', '0.86, 80 calls']);
  });

  it('stands with one point, with none, and with all at one time', () => {
    for (const points of [[], [point(0)], [point(1), point(1)]]) {
      const picture = timelinePicture(timeline(points), whole(timeline(points)));
      expect(picture.points).toHaveLength(points.length);
      for (const drawn of picture.points) expect(Number.isFinite(drawn.x)).toBe(true);
    }
  });

  it('notices when versions would lie on top of each other', () => {
    expect(crowded(timeline([point(0), point(1), point(2)]), 1000)).toBe(false);
    expect(crowded(timeline([point(0), point(0.001), point(9)]), 1000)).toBe(true);
  });
});

describe('thinning', () => {
  it('keeps a small timeline whole', () => {
    expect(thin([point(0), point(1)], 10)).toEqual([0, 1]);
  });

  it('keeps first, last, lowest and highest of a long one', () => {
    const points = Array.from({ length: POINTS_MAX * 3 }, (_, index) => point(index, { value: index === 333 ? 0.1 : index === 1444 ? 1 : 0.9 }));
    const kept = thin(points, 300);
    expect(kept.length).toBeLessThanOrEqual(900);
    expect(kept).toEqual(expect.arrayContaining([0, 333, 1444, points.length - 1]));
  });
});

describe('zooming', () => {
  it('keeps the point in sight, and never leaves the timeline', () => {
    let frame = { from: 0, to: 99 };
    for (let step = 0; step < 10; step += 1) {
      frame = zoom(frame, 90, 2, 100);
      expect(frame.from).toBeLessThanOrEqual(90);
      expect(frame.to).toBeGreaterThanOrEqual(90);
      expect(frame.to).toBeLessThan(100);
    }
    expect(frame.to - frame.from).toBe(1);
    for (let step = 0; step < 10; step += 1) frame = zoom(frame, 90, 0.5, 100);
    expect(frame).toEqual({ from: 0, to: 99 });
  });
});

describe('ten thousand versions', () => {
  it('become a picture of a few hundred marks', () => {
    const line = timeline(Array.from({ length: 10_000 }, (_, index) => point(index, { value: 0.8 + (index % 7) / 100 })));
    const picture = timelinePicture(line, whole(line));
    expect(picture.points.length).toBeLessThan(700);
    expect(picture.points.at(-1)?.index).toBe(9_999);
    expect(picture.points.every((drawn) => drawn.label === null)).toBe(true);
  });
});
