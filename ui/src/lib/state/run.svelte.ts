// The run that is looked at: how far it is, and the stretch of its answers that is in sight.

import { call, type CallError, type Row, type RowFilter, type Rows, type Run } from '../api';
import { holds, type Stretch, stretchAround, visibleRows } from '../chart/window';
import { Resource, resource } from './resource.svelte';
import { route } from './route.svelte';

/** Height of a row in pixels. */
export const ROW_PX = 32;
/** Rows asked for at once. */
const STRETCH_ROWS = 200;

export class RunView {
  readonly found: Resource<Run | null>;
  filter = $state<RowFilter>('all');
  readonly #page: Resource<Rows | null>;
  #asked = $state.raw<Stretch>({ offset: 0, limit: STRETCH_ROWS });
  #top = $state(0);
  #height = $state(600);
  // A run that moves on is the same run: only another one asks for other rows.
  readonly #id = $derived(this.run?.run);
  /** Which list of rows it is: another one begins at its top. */
  readonly list = $derived(`${this.#id ?? ''} ${this.filter}`);

  constructor() {
    $effect(() => {
      void this.list;
      this.#asked = { offset: 0, limit: STRETCH_ROWS };
      this.#top = 0;
    });
    this.found = resource(async () => (await call('run_state', { run: route.params['run'] ?? null })).run, ['run_moved']);
    // The rows follow the run, the filter and what is scrolled to.
    this.#page = resource(async () => {
      const run = this.#id;
      return run === undefined ? null : call('run_rows', { run, filter: this.filter, ...this.#asked });
    }, ['run_moved']);
  }

  get run(): Run | null {
    return this.found.value ?? null;
  }

  get error(): CallError | undefined {
    return this.#page.error;
  }

  /** Rows that the filter shows. */
  get total(): number {
    return this.#page.value?.total ?? 0;
  }

  /** Rows in sight. */
  get seen(): Stretch {
    return visibleRows(this.#top, this.#height, ROW_PX, this.total);
  }

  /** The rows in sight that are here, each with its place in the list. */
  get rows(): { at: number; row: Row }[] {
    const page = this.#page.value;
    const { offset: first, limit } = this.seen;
    return (page?.rows ?? []).map((row, index) => ({ at: (page?.offset ?? 0) + index, row })).filter(({ at }) => at >= first && at < first + limit);
  }

  choose(filter: RowFilter): void {
    this.filter = filter;
  }

  scrolled(element: HTMLElement): void {
    this.#top = element.scrollTop;
    this.#height = element.clientHeight;
    if (!holds(this.#asked, this.seen)) this.#asked = stretchAround(this.seen, STRETCH_ROWS);
  }
}
