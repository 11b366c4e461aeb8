/** Screens by address: everything after `#`, so that any screen opens from the one page that works offline. */

import { unescaped } from './code';

export interface Route {
  /** The first part of the address, "" for home. */
  readonly screen: string;
  /** The parts that follow. */
  readonly rest: readonly string[];
  /** What stands after `?`. */
  readonly query: URLSearchParams;
}

function read(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const [screen = '', ...rest] = path.split('/').map(unescaped);
  return { screen, rest, query: new URLSearchParams(query) };
}

class Router {
  #route = $state.raw<Route>(read());
  /** Screens opened since the start: whether "back" stays within the app. */
  #depth = 0;

  constructor() {
    addEventListener('hashchange', () => {
      this.#route = read();
      this.#depth += 1;
    });
  }

  get current(): Route {
    return this.#route;
  }

  /** What stands after `#enrol=` in the address, which is where the QR code of an enrolment leads. */
  get enrolment(): string | undefined {
    return /^enrol=(.*)$/.exec(this.#route.screen)?.[1];
  }

  /** Opens a screen; `go("record", id)`. */
  go(...parts: readonly string[]): void {
    location.hash = address(...parts);
  }

  /** Opens a screen in the place of this one, which "back" then skips. */
  replace(...parts: readonly string[]): void {
    this.swap(address(...parts));
  }

  /** Shows a whole address, `#/hq/sessions?topic=law`, in the place of this one. */
  swap(to: string): void {
    history.replaceState(null, '', to);
    this.#route = read();
  }

  /** Where the person came from, or the screen above when the app was opened here. */
  back(...above: readonly string[]): void {
    if (this.#depth > 0) {
      this.#depth -= 2;
      history.back();
    } else {
      this.replace(...above);
    }
  }
}

/** The address of a screen, for links. */
export function address(...parts: readonly string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

export const router = new Router();
