/**
 * The device's worker. One worker of all tabs holds the lock and opens the store; the others wait, and ask for it when
 * a person wants that.
 */
/// <reference lib="webworker" />
import { callsOf, type WorkerCalls } from './calls';
import { asProblem, plain, problem } from './problem';
import type { ToPage, ToWorker } from './rpc';
import { Service, type Remembered, type WorkerState } from './service';

declare const self: DedicatedWorkerGlobalScope;

const LOCK = 'banlang-device';
const channel = new BroadcastChannel('banlang-device');

let service: Service | undefined;
let calls: WorkerCalls | undefined;
let remembered: Remembered | undefined;
/** Ends the holding of the lock. */
let release: (() => void) | undefined;
let wanting = false;

const say = (message: ToPage): void => self.postMessage(message);
const show = (state: WorkerState): void => say({ state });

/** What the app stands on and this browser lacks. */
function missing(): string[] {
  const here: [string, boolean][] = [
    ['WebAssembly', typeof WebAssembly === 'object'],
    ['IndexedDB', typeof indexedDB === 'object'],
    ['WebCrypto', typeof crypto === 'object' && crypto.subtle !== undefined],
    ['Web Locks', navigator.locks !== undefined],
    ['CompressionStream', typeof CompressionStream === 'function'],
  ];
  return here.filter(([, present]) => !present).map(([name]) => name);
}

/** Waits for the lock, works while it is held. */
async function hold(handedOver: boolean): Promise<void> {
  if (wanting) return;
  wanting = true;
  const held = await navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
  if (held !== true) {
    show({ phase: 'waiting', handedOver });
    await navigator.locks.request(LOCK, () => work());
  }
}

async function work(): Promise<true> {
  const done = new Promise<void>((resolve) => (release = resolve));
  try {
    service = await Service.start(show, remembered);
    calls = callsOf(service);
  } catch (error) {
    show({ phase: 'damaged', problem: plain(asProblem(error)) });
  }
  await done;
  return true;
}

/** Finishes what is being written, then lets another tab have the device. */
async function handOver(): Promise<void> {
  if (!release) return;
  const done = release;
  release = undefined;
  calls = undefined;
  await service?.close();
  service = undefined;
  wanting = false;
  show({ phase: 'waiting', handedOver: true });
  done();
  // Whoever waited longer comes first; when they close, this one goes on.
  void hold(true);
}

channel.onmessage = ({ data }: MessageEvent<{ wanted?: boolean }>) => {
  if (data.wanted) void handOver();
};

async function answer(call: number, name: keyof WorkerCalls, args: unknown[]): Promise<void> {
  try {
    if (!calls) throw problem('not-writer');
    const method = calls[name] as (...args: unknown[]) => Promise<unknown>;
    say({ answer: call, value: await method(...args) });
  } catch (error) {
    say({ answer: call, problem: plain(asProblem(error)) });
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ('call' in data) void answer(data.call, data.name, data.args);
  else if ('start' in data) {
    remembered = data.start.remembered;
    const lacking = missing();
    if (lacking.length > 0) show({ phase: 'unsupported', missing: lacking });
    else void hold(false);
  } else if ('online' in data) service?.online(data.online);
  else if ('visible' in data) void service?.visible(data.visible);
  else if (data.hand === 'over') void handOver();
  else {
    // The one who has it hears this, finishes and lets go; the lock comes to whoever waits first.
    channel.postMessage({ wanted: true });
    void hold(true);
  }
};
