// Where the page is, kept in the part of the address after `#`: a screen and what it looks at.

import { untrack } from 'svelte';

/** The screens of the rail, in its order. */
export const SCREENS = ['home', 'specs', 'run', 'verdict', 'versions', 'releases'] as const;

/** Screens that a folder opens: one in need of trust, one whose history is damaged. */
const DOORS = ['trust', 'restore'] as const;

/** A screen of the rail, or one before them. */
export type Screen = (typeof SCREENS)[number] | (typeof DOORS)[number];

/** A place in the app. */
export interface Route {
  screen: Screen;
  params: Readonly<Record<string, string>>;
}

/** Reads a hash such as `#/verdict?verdict=sha256%3A…`. What is not known leads home. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const screen = ([...SCREENS, ...DOORS] as const).find((known) => known === path) ?? 'home';
  return { screen, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** Writes a hash. */
export function routeHash(screen: Screen, params: Readonly<Record<string, string | null | undefined>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== null && value !== undefined) query.set(name, value);
  const text = query.toString();
  return `#/${screen}${text === '' ? '' : `?${text}`}`;
}

const first = parseRoute(window.location.hash);
let screen = $state<Screen>(first.screen);
/** Each name is read by itself: who reads one is not told that another changed. */
const params = $state<Record<string, string>>({ ...first.params });

function arrive(hash: string): void {
  const to = parseRoute(hash);
  untrack(() => {
    screen = to.screen;
    for (const name of Object.keys(params)) if (!Object.hasOwn(to.params, name)) Reflect.deleteProperty(params, name);
    Object.assign(params, to.params);
  });
}

window.addEventListener('hashchange', () => arrive(window.location.hash));

/** The place. */
export const route = {
  get screen(): Screen {
    return screen;
  },
  get params(): Readonly<Record<string, string>> {
    return params;
  },
};

/** Goes to a place, and is there at once: nothing is asked for in between with the address of before. */
export function go(to: Screen, looked: Readonly<Record<string, string | null | undefined>> = {}): void {
  const hash = routeHash(to, looked);
  window.location.hash = hash;
  arrive(hash);
}

/** Changes what the present screen looks at, without a step in the history. */
export function look(changed: Readonly<Record<string, string | null | undefined>>): void {
  const hash = untrack(() => routeHash(screen, { ...params, ...changed }));
  window.history.replaceState(null, '', hash);
  arrive(hash);
}
