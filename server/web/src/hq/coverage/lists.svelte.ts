/** The filters of coverage, and the lists they of coverage choose from: words as the device knows them, posts as the server does. */

import type { WordLists } from '../../device/contract';
import { phone } from '../../ui/phone.svelte';
import { t } from '../../i18n/language.svelte';
import { ask } from '../api';
import type { PostLine } from '../shapes';

export const NARROWINGS = ['post', 'topic', 'language', 'format'] as const;
export type Narrowing = (typeof NARROWINGS)[number];

class Lists {
  #words = $state.raw<WordLists | undefined>();
  #posts = $state.raw<readonly PostLine[] | undefined>();
  #asked: Promise<void> | undefined;

  fetch(): Promise<void> {
    this.#asked ??= Promise.all([phone.device.words(), ask<{ posts: PostLine[] }>('GET', '/v1/posts')]).then(
      ([words, { posts }]) => {
        this.#words = words;
        this.#posts = posts;
      },
      (error: unknown) => {
        this.#asked = undefined;
        throw error;
      },
    );
    return this.#asked;
  }

  /** Asks for the posts anew, after one was changed. */
  async again(): Promise<void> {
    this.#asked = undefined;
    await this.fetch();
  }

  get words(): WordLists | undefined {
    return this.#words;
  }

  get posts(): readonly PostLine[] {
    return this.#posts ?? [];
  }

  /** The word for a value of a filter; the value itself when no list has it. */
  named(of: Narrowing, value: string): string {
    return this.options(of).find((option) => option.value === value)?.label ?? value;
  }

  /** What can be chosen for a filter, as people read it. */
  options(of: Narrowing): { value: string; label: string }[] {
    if (of === 'post') return this.posts.map(({ id, name }) => ({ value: id, label: name }));
    return (this.#words?.[of] ?? []).map(({ code, label }) => ({ value: code, label: t(label) }));
  }

  material(kind: string): string {
    const term = this.#words?.material.find(({ code }) => code === kind);
    return term ? t(term.label) : kind;
  }

  condition(code: string): string {
    const term = this.#words?.condition.find((known) => known.code === code);
    return term ? t(term.label) : code;
  }
}

export const lists = new Lists();

/** The filters an address holds, as the API and the list of sessions take them: a session counts when all of them fit. */
export function narrowing(query: URLSearchParams): Readonly<Partial<Record<Narrowing, string>>> {
  return Object.fromEntries(NARROWINGS.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));
}
