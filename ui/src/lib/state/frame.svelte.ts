// What every screen needs: the opened workspace, which program this is, and the acts that any screen may begin.

import { untrack } from 'svelte';

import { type About, call, type Damage, refusal, type Workspace } from '../api';
import { hear } from './resource.svelte';
import { go, route } from './route.svelte';
import { BUSY, tell, tellRefusal } from './toasts.svelte';

/** Events after which the head of the workspace reads differently. */
const KINDS = ['workspace_changed', 'specs_changed', 'version_seen', 'run_moved', 'verdict_given', 'release_moved'];

class Frame {
  about = $state.raw<About>();
  workspace = $state.raw<Workspace | null>(null);
  /** The folder that was to be opened, where its history is damaged. */
  damaged = $state.raw<Damage | null>(null);
  /** Whether the first answer has come: before it nothing is said about the workspace. */
  ready = $state(false);
  /** What is being begun: `open`, `sample`, `run`, `restore`. */
  busy = $state<string | null>(null);
  palette = $state(false);
  keys = $state(false);
  #asking = false;
  #again = false;

  /** Begins: asks who is there and what is open, and hears events from then on. */
  begin(): () => void {
    // Not for an effect to begin again whenever the answer comes.
    untrack(() => void this.#ask());
    void call('about').then((about) => (this.about = about), (thrown: unknown) => tellRefusal(refusal(thrown)));
    return hear((what) => {
      // The screen of a run says by itself how it ended.
      if (what.kind === 'told' && !(route.screen === 'run' && what.step?.to.kind === 'verdict')) tell(what);
      if (KINDS.includes(what.kind)) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      const before = this.workspace;
      const { workspace, damaged } = await call('workspace_state');
      // What was taken in the meantime is newer than this answer.
      if (this.workspace !== before) this.#again = true;
      else if (workspace && this.ready && workspace.path !== before?.path) this.take(workspace);
      else this.workspace = workspace;
      const found = damaged !== null && damaged.path !== this.damaged?.path;
      this.damaged = damaged;
      if (found) go('restore');
    } catch (thrown) {
      tellRefusal(refusal(thrown));
    }
    this.ready = true;
    this.#asking = false;
    if (this.#again) {
      this.#again = false;
      await this.#ask();
    }
  }

  /**
   * Takes a workspace that was opened. One that is not trusted is looked at first; in another one than before, the
   * address of before, with its specs, versions and runs, means nothing.
   */
  take(workspace: Workspace): void {
    const another = workspace.path !== this.workspace?.path;
    this.workspace = workspace;
    if (!workspace.trust.trusted) go('trust');
    else if (another || route.screen === 'trust' || route.screen === 'restore' || route.screen === 'home') go(workspace.errors > 0 ? 'specs' : 'home');
  }

  /** Does something that takes a while, one thing at a time; what refuses it is told. */
  async while<Value>(what: string, act: () => Promise<Value>): Promise<Value | undefined> {
    if (this.busy !== null) {
      if (this.busy !== what) tell(BUSY);
      return undefined;
    }
    this.busy = what;
    try {
      return await act();
    } catch (thrown) {
      tellRefusal(refusal(thrown));
      return undefined;
    } finally {
      this.busy = null;
    }
  }

  async open(path: string): Promise<void> {
    const workspace = await this.#opening('open', () => call('workspace_open', { path }));
    if (workspace) this.take(workspace);
  }

  /** Opens something; where a history is damaged, shows what it can go on from instead. */
  #opening(what: string, act: () => Promise<Workspace>): Promise<Workspace | undefined> {
    return this.while(what, async () => {
      try {
        return await act();
      } catch (thrown) {
        if (refusal(thrown).code !== 'damaged') throw thrown;
        await this.#ask();
        go('restore');
        return undefined;
      }
    });
  }

  /** Goes on from what is shown of a damaged history. Where that is refused, it is looked at again. */
  async restore(): Promise<void> {
    const damaged = this.damaged;
    if (!damaged) return;
    const done = await this.while('restore', () => call('restore', { path: damaged.path, seen: damaged.seen }));
    if (!done) return this.open(damaged.path);
    this.damaged = null;
    this.take(done.workspace);
    const title = damaged.backup ? 'The history goes on from its backup' : 'A new history has begun';
    tell({ mark: 'plain', title, detail: `The damaged one lies whole in \`${done.set_aside}\`.` });
  }

  async pick(): Promise<void> {
    const picked = await this.while('open', () => call('pick_folder'));
    if (picked?.path) await this.open(picked.path);
  }

  /** Opens the sample and shows what its gate would ask: the first verdict is one click from there. */
  async sample(): Promise<void> {
    const workspace = await this.#opening('sample', () => call('sample_open'));
    if (!workspace) return;
    this.workspace = workspace;
    go(workspace.trust.trusted ? 'specs' : 'trust');
  }

  /** Why no run can begin now; null when one can. */
  get runBlocked(): string | null {
    const workspace = this.workspace;
    if (!workspace) return this.ready ? 'Open a folder first.' : 'One moment.';
    if (!workspace.trust.trusted) return 'This folder is not trusted yet.';
    if (workspace.read_only !== null) return workspace.read_only;
    if (workspace.running) return 'A run is on.';
    if (!workspace.agent) return 'The workspace file names no agent that can be read.';
    return null;
  }

  async run(specs: string[] = [], newAttempt = false): Promise<void> {
    if (this.runBlocked !== null) {
      tell({ mark: 'plain', title: this.runBlocked });
      return;
    }
    const begun = await this.while('run', () => call('run_start', { specs, new_attempt: newAttempt }));
    if (begun) go('run', { run: begun.run });
  }
}

export const frame = new Frame();
