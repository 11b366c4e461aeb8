/** Light, dark, or black on white for the sun: as the phone says, or as chosen here. Holds nothing about anybody. */

export type Display = 'auto' | 'sun' | 'night';

const KEPT_AT = 'banlang.display';

function kept(): Display {
  try {
    const value = localStorage.getItem(KEPT_AT);
    return value === 'sun' || value === 'night' ? value : 'auto';
  } catch {
    return 'auto';
  }
}

class DisplayChoice {
  #current = $state<Display>(kept());

  constructor() {
    this.#show();
  }

  get current(): Display {
    return this.#current;
  }

  choose(display: Display): void {
    this.#current = display;
    this.#show();
    try {
      localStorage.setItem(KEPT_AT, display);
    } catch {
      // The browser keeps nothing: the choice holds until the app is closed.
    }
  }

  #show(): void {
    const root = document.documentElement;
    if (this.#current === 'auto') root.removeAttribute('data-display');
    else root.setAttribute('data-display', this.#current);
  }
}

export const display = new DisplayChoice();
