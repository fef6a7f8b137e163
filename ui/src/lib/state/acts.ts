// Everything that can be gone to or done from anywhere: for the palette and the keys.

import type { Workspace } from '../api';
import type { IconName } from '../../components/shared/icons';
import { versionName } from '../text/format';
import { frame } from './frame.svelte';
import { go, type Screen, SCREENS } from './route.svelte';

/** Name and icon of each screen of the rail. */
export const SCREEN_NAMES: Record<(typeof SCREENS)[number], { name: string; icon: IconName }> = {
  home: { name: 'Home', icon: 'home' },
  specs: { name: 'Specs', icon: 'specs' },
  run: { name: 'Run', icon: 'run' },
  verdict: { name: 'Verdict', icon: 'verdict' },
  versions: { name: 'Versions', icon: 'versions' },
  releases: { name: 'Releases', icon: 'releases' },
};

/** An act of the palette. */
export interface Act {
  id: string;
  icon: IconName;
  text: string;
  /** Where it happens. */
  place: string;
  key?: string;
  /** Why it cannot be done now; null when it can. It is shown all the same. */
  why: string | null;
  act: () => void;
}

/** Why a screen has nothing to show yet; null when it has. */
export function screenBlocked(screen: Screen): string | null {
  if (screen === 'restore') return frame.damaged || !frame.ready ? null : 'No history is damaged';
  return screen === 'home' || frame.workspace || !frame.ready ? null : 'Open a folder first';
}

/** All acts, in the order of their use. */
export function acts(workspace: Workspace | null): Act[] {
  const screens = SCREENS.map((screen, index): Act => {
    const { name, icon } = SCREEN_NAMES[screen];
    return { id: `go-${screen}`, icon, text: name, place: 'Go to', key: `Ctrl ${index + 1}`, why: screenBlocked(screen), act: () => go(screen) };
  });
  const general: Act[] = [
    { id: 'run', icon: 'run', text: 'Run what is missing', place: 'Run', key: 'Ctrl ⏎', why: frame.runBlocked, act: () => void frame.run() },
    { id: 'open', icon: 'folder', text: 'Open a folder', place: 'Home', key: 'Ctrl O', why: null, act: () => void frame.pick() },
    { id: 'sample', icon: 'run', text: 'Try the sample', place: 'Home', why: null, act: () => void frame.sample() },
    { id: 'keys', icon: 'bulb', text: 'Keys of this app', place: 'Help', key: '?', why: null, act: () => (frame.keys = true) },
  ];
  const environments = (workspace?.environments ?? []).flatMap(({ name, live }): Act[] => [
    { id: `promote-${name}`, icon: 'releases', text: `Promote to ${name}`, place: 'Releases', why: null, act: () => go('releases', { environment: name, ask: 'promote' }) },
    {
      id: `rollback-${name}`, icon: 'back', text: live ? `Roll ${name} back from ${versionName(live)}` : `Roll ${name} back`, place: 'Releases',
      why: null, act: () => go('releases', { environment: name, ask: 'rollback' }),
    },
  ]);
  return [...screens, ...general, ...environments];
}

/** The act of a key pressed anywhere; none when it is not ours, or a field has it, or a question is to be answered first. */
export function actOfKey(event: KeyboardEvent): (() => void) | undefined {
  if (event.defaultPrevented) return undefined;
  const command = event.ctrlKey || event.metaKey;
  const from = event.target instanceof HTMLElement ? event.target : null;
  // Nothing is begun behind a dialog; the palette's own key closes it.
  if (from?.closest('[role="dialog"]') && !(frame.palette && command && event.key.toLowerCase() === 'k')) return undefined;
  if (command && event.key >= '1' && event.key <= String(SCREENS.length)) {
    const screen = SCREENS[Number(event.key) - 1];
    return screen && screenBlocked(screen) === null ? () => go(screen) : undefined;
  }
  if (command && event.key.toLowerCase() === 'k') return () => (frame.palette = !frame.palette);
  if (command && event.key === 'Enter') return () => void frame.run();
  if (command && event.key.toLowerCase() === 'o') return () => void frame.pick();
  const inField = from?.closest('input, textarea, [contenteditable="true"]');
  if (event.key === '?' && !inField && !command) return () => (frame.keys = true);
  return undefined;
}
