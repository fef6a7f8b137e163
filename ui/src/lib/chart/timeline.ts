// Geometry of the timeline: scales, bands, marks, lanes, labels. Numbers come from the core; here they get places.

import { scaleLinear, scaleTime } from 'd3-scale';
import { area, line } from 'd3-shape';

import type { Timeline, TimelineMark, TimelinePoint } from '../api';
import { day, rate, versionName } from '../text/format';
import { type Placed, placeLabels } from './labels';

/** Points beyond which a picture keeps only the telling ones. */
export const POINTS_MAX = 600;

const LEFT = 44;
const RIGHT = 128;
const TOP = 26;
const PLOT = 168;
const LANE = 32;
const LANE_TALL = 18;
const AXIS = 30;
/** Marks nearer than this are spaced evenly instead. */
const NEAR_PX = 22;

/** What of a timeline is drawn, and how wide. */
export interface TimelineFrame {
  width: number;
  /** Whether versions are spaced evenly; by time otherwise. */
  even: boolean;
  /** First and last point in sight. */
  from: number;
  to: number;
}

/** A point with its place. */
export interface DrawnPoint {
  /** Its place in the timeline. */
  index: number;
  point: TimelinePoint;
  x: number;
  y: number;
  low: number | null;
  high: number | null;
  label: Placed;
  /** `0.86, 203 calls`. */
  text: string;
}

/** Everything that is drawn. */
export interface TimelinePicture {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  target: number | null;
  floor: number | null;
  points: DrawnPoint[];
  /** One path for each stretch of the spec's meaning. */
  bands: string[];
  series: string[];
  values: { y: number; text: string }[];
  dates: { x: number; text: string }[];
  changes: { x: number; text: string; anchor: 'start' | 'end' }[];
  lanes: { environment: string; y: number; spans: { x: number; width: number; text: string; known: boolean }[]; marks: { x: number; mark: TimelineMark }[] }[];
  axis: number;
}

/** Whether time true to scale would put versions on top of each other. */
export function crowded(timeline: Timeline, width: number): boolean {
  const times = timeline.points.map((point) => point.at);
  const span = Math.max(...times) - Math.min(...times);
  const room = width - LEFT - RIGHT;
  return times.some((at, index) => index > 0 && ((at - (times[index - 1] ?? at)) / Math.max(1, span)) * room < NEAR_PX);
}

/** Keeps the telling points of each bucket: its first, its lowest, its highest; and the newest of all. */
export function thin(points: readonly TimelinePoint[], buckets: number): number[] {
  const all = points.map((_, index) => index);
  if (points.length <= POINTS_MAX) return all;
  const size = points.length / buckets;
  const kept = new Set<number>();
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const within = all.slice(Math.floor(bucket * size), Math.floor((bucket + 1) * size));
    const valued = within.filter((index) => points[index]?.value !== null);
    const value = (index: number): number => points[index]?.value ?? 0;
    const first = within[0];
    if (first !== undefined) kept.add(first);
    if (valued.length === 0) continue;
    kept.add(valued.reduce((low, index) => (value(index) < value(low) ? index : low)));
    kept.add(valued.reduce((high, index) => (value(index) > value(high) ? index : high)));
  }
  kept.add(points.length - 1);
  return [...kept].sort((a, b) => a - b);
}

/** The picture of a timeline. */
export function timelinePicture(timeline: Timeline, frame: TimelineFrame, now = Date.now()): TimelinePicture {
  const inSight = timeline.points.slice(frame.from, frame.to + 1);
  const [left, right, top] = [LEFT, Math.max(LEFT + 80, frame.width - RIGHT), TOP];
  const bottom = top + PLOT;
  const newest = frame.to >= timeline.points.length - 1 ? Math.max(...timeline.marks.map((mark) => mark.at), 0) : 0;
  const x = xScale(inSight, newest, frame, left, right);
  const [lowest, highest] = valueRange(timeline, inSight);
  const y = scaleLinear([lowest, highest], [bottom, top]);

  const kept = thin(inSight, Math.max(50, Math.floor((right - left) / 4)));
  const points = kept.flatMap((at): DrawnPoint[] => {
    const point = inSight[at];
    if (!point) return [];
    return [{
      index: frame.from + at,
      point,
      x: x(point.at, at),
      y: point.value === null ? bottom : y(point.value),
      low: point.low === null ? null : y(point.low),
      high: point.high === null ? null : y(point.high),
      label: null,
      text: point.value === null ? 'no complete round' : `${valueText(timeline, point)}, ${point.calls} calls`,
    }];
  });
  label(points, { left, right: frame.width, top: 0, bottom });

  const stretches = byMeaning(points);
  const lanes = timeline.lanes.map((lane, index) => {
    const laneTop = bottom + 26 + index * LANE;
    return {
      environment: lane.environment,
      y: laneTop,
      spans: lane.spans.flatMap((span) => {
        const [start, end] = [clamp(x(span.from), left, right), clamp(span.to === null ? right : x(span.to), left, right)];
        const gone = span.to !== null && end <= left;
        return end - start < 0.5 || gone ? [] : [{ x: start, width: Math.max(3, end - start), text: span.version ? versionName(span.version) : 'unknown', known: span.version !== null }];
      }),
      marks: timeline.marks
        .filter((mark) => mark.environment === lane.environment)
        .map((mark) => ({ x: x(mark.at), mark }))
        .filter((drawn) => drawn.x >= left - 1 && drawn.x <= right + 1),
    };
  });
  const axis = bottom + (lanes.length > 0 ? 26 + lanes.length * LANE - (LANE - LANE_TALL) + 8 : 10);
  return {
    width: frame.width, height: axis + AXIS, left, right, top, bottom, axis, points, lanes,
    target: timeline.target === null ? null : y(timeline.target),
    floor: timeline.floor === null ? null : y(timeline.floor),
    bands: stretches.map(bandPath).filter((path) => path !== ''),
    series: stretches.map(seriesPath).filter((path) => path !== ''),
    values: y.ticks(4).map((value) => ({ y: y(value), text: rate(value) })),
    dates: dateTicks(points, x, frame, left, right, now),
    changes: timeline.spec_changes
      .map(({ at, text }) => ({ x: x(at), text, anchor: x(at) > (left + right) / 2 ? ('end' as const) : ('start' as const) }))
      .filter((change) => change.x >= left && change.x <= right),
  };
}

/** Height of a lane's bar. */
export const LANE_PX = LANE_TALL;

const clamp = (value: number, from: number, to: number): number => Math.min(to, Math.max(from, value));

type XScale = (at: number, index?: number) => number;

function xScale(points: readonly TimelinePoint[], newest: number, frame: TimelineFrame, left: number, right: number): XScale {
  const pad = Math.min(44, (right - left) / (2 * Math.max(1, points.length)));
  const [start, end] = [left + pad, right - pad];
  const times = points.map((point) => point.at);
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 1;
  // What was released after the newest version was asked stands behind it, in order.
  const behind = (at: number, from: number): number => from + ((right - from) * (at - last)) / Math.max(at - last, newest - last, 1) * 0.8;
  if (points.length < 2 || first === last) {
    const step = points.length < 2 ? 0 : (end - start) / (points.length - 1);
    const middle = (left + right) / 2;
    return (at, index) => (at < first ? left : at > last ? behind(at, points.length < 2 ? middle : end) : points.length < 2 ? middle : start + (index ?? 0) * step);
  }
  if (!frame.even) {
    const scale = scaleLinear([first, Math.max(last, newest)], [start, end]);
    return (at) => scale(at);
  }
  // Between two versions time runs evenly, so that a release stands between the versions it came between.
  const step = (end - start) / (points.length - 1);
  return (at, index) => {
    if (index !== undefined) return start + index * step;
    if (at <= first) return at === first ? start : left;
    if (at >= last) return behind(at, end);
    const after = times.findIndex((time) => time >= at);
    const [before, next] = [times[after - 1] ?? first, times[after] ?? last];
    return start + (after - 1 + (at - before) / Math.max(1, next - before)) * step;
  };
}

function valueRange(timeline: Timeline, points: readonly TimelinePoint[]): [number, number] {
  const numbers = points.flatMap((point) => [point.value, point.low, point.high]);
  const known = [...numbers, timeline.target, timeline.floor].filter((number): number is number => number !== null);
  if (known.length === 0) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const rates = low >= 0 && high <= 1;
  const room = Math.max(0.05, (high - low) * 0.08);
  // A rate ends at 1, and begins at a tenth.
  if (rates) return [Math.max(0, Math.floor((low - room / 2) * 10) / 10), 1];
  return [low - room, high + room];
}

function valueText(timeline: Timeline, point: TimelinePoint): string {
  if (point.value === null) return '';
  // A third digit where two would hide on which side of floor or target it is.
  const near = [timeline.floor, timeline.target].some((edge) => edge !== null && point.value !== null && point.value !== edge && rate(point.value) === rate(edge));
  return rate(point.value, near ? 3 : 2);
}

function label(points: DrawnPoint[], frame: { left: number; right: number; top: number; bottom: number }): void {
  const whiskers = points.flatMap(({ x, low, high }) => (low === null || high === null ? [] : [{ left: x - 4, right: x + 4, top: high, bottom: low }]));
  const lines = byMeaning(points).flatMap(alongLine);
  const wanted = points.map((drawn) => {
    const name = versionName(drawn.point.version);
    return { x: drawn.x, y: drawn.y, texts: [`${name} ${drawn.text}`, `${name} ${drawn.text.split(',')[0] ?? ''}`, name] };
  });
  const placed: Placed[] = points.length > 40 ? [] : placeLabels(wanted, frame, [...whiskers, ...lines]);
  for (const [index, drawn] of points.entries()) {
    const place = placed[index];
    // The name is drawn apart, in bold.
    drawn.label = place ? { ...place, text: place.text.slice(versionName(drawn.point.version).length + 1) } : null;
  }
}

/** Small boxes along the line through a stretch, so that no label is struck through. */
function alongLine(stretch: readonly DrawnPoint[]): { left: number; right: number; top: number; bottom: number }[] {
  return stretch.slice(1).flatMap((end, index) => {
    const start = stretch[index];
    if (!start) return [];
    const steps = Math.max(1, Math.round(Math.hypot(end.x - start.x, end.y - start.y) / 5));
    return Array.from({ length: steps }, (_, step) => {
      const [x, y] = [start.x + ((end.x - start.x) * step) / steps, start.y + ((end.y - start.y) * step) / steps];
      return { left: x - 1, right: x + 1, top: y - 1, bottom: y + 1 };
    });
  });
}

function byMeaning(points: readonly DrawnPoint[]): DrawnPoint[][] {
  const stretches: DrawnPoint[][] = [];
  for (const drawn of points) {
    if (drawn.point.value === null) continue;
    const stretch = stretches.at(-1);
    if (stretch?.[0]?.point.meaning === drawn.point.meaning) stretch.push(drawn);
    else stretches.push([drawn]);
  }
  return stretches;
}

function bandPath(stretch: DrawnPoint[]): string {
  const bounded = stretch.filter((drawn) => drawn.low !== null && drawn.high !== null);
  if (bounded.length < 2) return '';
  return area<DrawnPoint>((drawn) => drawn.x, (drawn) => drawn.low ?? 0, (drawn) => drawn.high ?? 0)(bounded) ?? '';
}

function seriesPath(stretch: DrawnPoint[]): string {
  return stretch.length < 2 ? '' : (line<DrawnPoint>((drawn) => drawn.x, (drawn) => drawn.y)(stretch) ?? '');
}

function dateTicks(points: readonly DrawnPoint[], x: XScale, frame: TimelineFrame, left: number, right: number, now: number): { x: number; text: string }[] {
  const first = points[0]?.point.at;
  const last = points.at(-1)?.point.at;
  if (first === undefined || last === undefined) return [];
  const days = last - first > 36 * 3_600_000;
  const text = (at: number): string => (days ? day(at, now) : new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' }));
  const wanted = frame.even || points.length < 2
    ? points.map((drawn) => ({ x: drawn.x, text: text(drawn.point.at) }))
    : scaleTime([new Date(first), new Date(last)], [0, 1]).ticks(Math.max(2, Math.floor((right - left) / 130))).map((at) => ({ x: x(at.getTime()), text: text(at.getTime()) }));
  const ticks: { x: number; text: string }[] = [];
  for (const tick of wanted) {
    const before = ticks.at(-1);
    if (before && (tick.x - before.x < 64 || tick.text === before.text)) continue;
    ticks.push(tick);
  }
  return ticks;
}

/** The window after a step of zoom around a point; `by` above 1 shows less. */
export function zoom(frame: { from: number; to: number }, around: number, by: number, total: number): { from: number; to: number } {
  const size = Math.min(total, Math.max(2, Math.round((frame.to - frame.from + 1) / by)));
  const share = (around - frame.from) / Math.max(1, frame.to - frame.from);
  const from = Math.min(Math.max(0, Math.round(around - share * (size - 1))), total - size);
  return { from, to: from + size - 1 };
}
