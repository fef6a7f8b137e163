// The versions that are looked at: one metric over them, their cases, one of them or two to compare.

import { call, type Comparison, type HeatMap, type Timeline, type VersionView } from '../api';
import { csv } from '../text/csv';
import { versionName } from '../text/format';
import { Resource, resource } from './resource.svelte';
import { look, route } from './route.svelte';

/** A timeline as CSV: the numbers of the table, unrounded. */
export function timelineCsv(timeline: Timeline): string {
  const head = ['version', 'id', 'at', 'value', 'low', 'high', 'passed', 'calls', 'calls_max', 'outcome', 'standing'];
  const rows = timeline.points.map((point) => [
    versionName(point.version), point.version.id, new Date(point.at).toISOString(), point.value, point.low, point.high,
    point.value_text, point.calls, point.calls_max, point.outcome, point.standing,
  ]);
  return csv(head, rows);
}

export class VersionsView {
  readonly timeline: Resource<Timeline>;
  readonly heat: Resource<HeatMap>;
  readonly version: Resource<VersionView | null>;
  readonly comparison: Resource<Comparison | null>;
  all = $state(false);
  /** The version that waits for a second one to be compared with. */
  held = $state<string | null>(null);

  constructor() {
    this.timeline = resource(
      () => call('timeline', { spec: route.params['spec'] ?? null, criterion: route.params['criterion'] ?? null }),
      ['verdict_given', 'release_moved', 'version_seen'],
    );
    this.heat = resource(() => call('heat_map', { spec: route.params['spec'] ?? null, all: this.all }), ['verdict_given']);
    this.version = resource(async () => {
      const version = this.point?.version.id;
      return version === undefined ? null : call('version', { version });
    }, ['verdict_given', 'release_moved']);
    this.comparison = resource(async () => {
      const { before, after } = route.params;
      return before === undefined || after === undefined ? null : call('compare', { before, after, spec: null });
    }, ['verdict_given']);
    // Of another spec there are other versions: none of them was asked to be compared.
    $effect(() => {
      void route.params['spec'];
      this.held = null;
    });
  }

  get points(): Timeline['points'] {
    return this.timeline.value?.points ?? [];
  }

  /** Place of the version that is looked at: the one of the address, else the newest. */
  get selected(): number {
    const at = this.points.findIndex((point) => point.version.id === route.params['version']);
    return at >= 0 ? at : this.points.length - 1;
  }

  get point(): Timeline['points'][number] | undefined {
    return this.points[this.selected];
  }

  select(index: number): void {
    const point = this.points[index];
    if (point) look({ version: point.version.id });
  }

  /** Holds a version, or compares it with the one that is held; the older one is the one before. */
  compare(index: number): void {
    const id = this.points[index]?.version.id;
    if (id === undefined) return;
    const held = this.points.findIndex((point) => point.version.id === this.held);
    if (held < 0 || held === index) {
      this.held = held === index ? null : id;
      return;
    }
    const [before, after] = held < index ? [this.held, id] : [id, this.held];
    this.held = null;
    look({ before, after });
  }

  closeComparison(): void {
    look({ before: null, after: null });
  }
}
