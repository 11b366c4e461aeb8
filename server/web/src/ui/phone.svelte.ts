/** The device as the screens see it: its state, always current, and the way to ask it for something. */

import { DeviceProblem, type DeviceState, type FieldDevice, type Open } from '../device/contract';
import { language, t } from '../i18n/language.svelte';
import { app } from '../i18n/words/app';

class Phone {
  #state = $state.raw<DeviceState | undefined>();
  #device: FieldDevice | undefined;

  /** Follows a device from now on; called once at the start. */
  attach(device: FieldDevice): void {
    this.#device = device;
    device.subscribe((state) => {
      language.follow(state.lang);
      this.#state = state;
    });
  }

  get state(): DeviceState | undefined {
    return this.#state;
  }

  /** The state at work; screens behind the PIN exist only then. */
  get open(): Open | undefined {
    return this.#state?.phase === 'open' ? this.#state : undefined;
  }

  get device(): FieldDevice {
    if (!this.#device) throw new Error('no device is attached');
    return this.#device;
  }
}

export const phone = new Phone();

/** What went wrong, in the chosen language; always says something a person can act on. */
export function told(error: unknown): string {
  if (error instanceof DeviceProblem) return t(error.title);
  return t(app.unknownError, { why: error instanceof Error ? error.message : String(error) });
}

/** What each field accepts, by the field's key, when `error` speaks of fields. */
export function fieldProblems(error: unknown): Record<string, string> {
  if (!(error instanceof DeviceProblem)) return {};
  return Object.fromEntries(error.fields.map((problem) => [problem.field, t(problem.accepted)]));
}
