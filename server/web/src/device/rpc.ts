/** What page and worker say to each other. */
import type { Problem } from './contract';
import type { WorkerCalls } from './calls';
import type { Remembered, WorkerState } from './service';

export type ToWorker =
  | { call: number; name: keyof WorkerCalls; args: unknown[] }
  | { start: { remembered: Remembered | undefined } }
  | { online: boolean }
  | { visible: boolean }
  /** Another tab wants the device, or this one wants it back. */
  | { hand: 'over' | 'take' };

export type ToPage =
  | { answer: number; value: unknown }
  | { answer: number; problem: Problem }
  | { state: WorkerState };
