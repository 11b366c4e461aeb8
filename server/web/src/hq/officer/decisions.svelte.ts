/**
 * Decisions made since the app was opened, and how far each has come. A decision is recorded on this device at once and
 * counts as sent only when the server has signed for it.
 */

import { SvelteMap } from 'svelte/reactivity';

import { phone } from '../../ui/phone.svelte';
import { delivered } from './deliver';

export type Decision = 'confirm' | 'return';

export interface Decided {
  decision: Decision;
  phase: 'sending' | 'sent' | 'unsent';
  atMs: number;
  /** What was decided on: a session that has changed since is undecided again. */
  heads: string;
}

const as = (heads: readonly string[]): string => [...heads].sort().join();

class Decisions {
  readonly #made = new SvelteMap<string, Decided>();
  #sending: Promise<void> | undefined;
  /** Grows each time the server took decisions: counts are asked for anew. */
  taken = $state(0);

  /** The decision made here on the session exactly as it stands. */
  of(session: { id: string; heads: readonly string[] }): Decided | undefined {
    const made = this.#made.get(session.id);
    return made?.heads === as(session.heads) ? made : undefined;
  }

  get unsent(): number {
    return [...this.#made.values()].filter(({ phase }) => phase === 'unsent').length;
  }

  /** Resolves once the decision is recorded here, bound to `heads`; sending goes on by itself. */
  async decide(session: string, decision: Decision, comment: string, heads: string[]): Promise<void> {
    await phone.device.review(session, decision, comment, heads);
    this.#made.set(session, { decision, phase: 'sending', atMs: Date.now(), heads: as(heads) });
    this.send();
  }

  /** Tries once more what could not be sent. */
  again(): void {
    for (const [session, made] of this.#made) if (made.phase === 'unsent') this.#made.set(session, { ...made, phase: 'sending' });
    this.send();
  }

  /** Sends whatever has not arrived. */
  send(): void {
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
  }

  async #send(): Promise<void> {
    const waiting = () => [...this.#made].filter(([, { phase }]) => phase === 'sending');
    for (let now = waiting(); now.length > 0; now = waiting()) {
      const phase = (await delivered()) ? 'sent' : 'unsent';
      for (const [session, made] of now) this.#made.set(session, { ...made, phase });
      if (phase === 'sent') this.taken += 1;
    }
  }

  /** A sync that began at this time ended well: what was made before has arrived. */
  synced(startedAtMs: number): void {
    let some = false;
    for (const [session, made] of this.#made) {
      if (made.phase !== 'unsent' || made.atMs >= startedAtMs) continue;
      this.#made.set(session, { ...made, phase: 'sent' });
      some = true;
    }
    if (some) this.taken += 1;
  }
}

export const decisions = new Decisions();
