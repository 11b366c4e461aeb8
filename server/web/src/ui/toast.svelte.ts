/** One short line that says what has just been done; read aloud, gone after a while or at the next one. */

const SHOWN_MS = 6_000;

class Toast {
  #text = $state('');
  #end: ReturnType<typeof setTimeout> | undefined;

  get text(): string {
    return this.#text;
  }

  say(text: string): void {
    clearTimeout(this.#end);
    this.#text = text;
    this.#end = setTimeout(() => this.clear(), SHOWN_MS);
  }

  clear(): void {
    clearTimeout(this.#end);
    this.#text = '';
  }
}

export const toast = new Toast();
