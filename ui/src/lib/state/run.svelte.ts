// The run that is looked at: how far it is, and the stretch of its answers that is in sight.

import { call, type CallError, refusal, type Row, type RowFilter, type Run } from '../api';
import { holds, type Stretch, stretchAround, visibleRows } from '../chart/window';
import { hear, Resource, resource } from './resource.svelte';
import { route } from './route.svelte';

/** Height of a row in pixels. */
export const ROW_PX = 32;
/** Rows asked for at once. */
const STRETCH_ROWS = 200;

export class RunView {
  readonly found: Resource<Run | null>;
  filter = $state<RowFilter>('all');
  total = $state(0);
  error = $state.raw<CallError>();
  #stretch = $state.raw<{ offset: number; rows: readonly Row[] }>({ offset: 0, rows: [] });
  #top = $state(0);
  #height = $state(600);
  #asked: Stretch = { offset: 0, limit: STRETCH_ROWS };
  #turn = 0;

  constructor() {
    this.found = resource(async () => (await call('run_state', { run: route.params['run'] ?? null })).run, ['run_moved']);
    // The rows follow the run and the filter; what is scrolled to follows by `scrolled`.
    $effect(() => {
      const run = this.run?.run;
      if (run !== undefined) void this.#ask(run, this.filter);
    });
    $effect(() =>
      hear((what) => {
        if (what.kind === 'run_moved' && what.run === this.run?.run) void this.#ask(what.run, this.filter);
      }),
    );
  }

  get run(): Run | null {
    return this.found.value ?? null;
  }

  /** Rows in sight. */
  get seen(): Stretch {
    return visibleRows(this.#top, this.#height, ROW_PX, this.total);
  }

  /** The rows in sight that are here, each with its place in the list. */
  get rows(): { at: number; row: Row }[] {
    const { offset, rows } = this.#stretch;
    const { offset: first, limit } = this.seen;
    return rows.map((row, index) => ({ at: offset + index, row })).filter(({ at }) => at >= first && at < first + limit);
  }

  choose(filter: RowFilter): void {
    this.filter = filter;
    this.#asked = { offset: 0, limit: STRETCH_ROWS };
  }

  scrolled(element: HTMLElement): void {
    this.#top = element.scrollTop;
    this.#height = element.clientHeight;
    const run = this.run?.run;
    if (run === undefined || holds(this.#asked, this.seen)) return;
    this.#asked = stretchAround(this.seen, STRETCH_ROWS);
    void this.#ask(run, this.filter);
  }

  async #ask(run: string, filter: RowFilter): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const page = await call('run_rows', { run, filter, offset: this.#asked.offset, limit: this.#asked.limit });
      if (turn !== this.#turn) return;
      this.total = page.total;
      this.#stretch = { offset: page.offset, rows: page.rows };
      this.error = undefined;
    } catch (thrown) {
      if (turn === this.#turn) this.error = refusal(thrown);
    }
  }
}

