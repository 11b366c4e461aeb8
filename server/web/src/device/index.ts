/** The device as the page has it: the worker behind it, and what only a page can know or ask of the browser. */
import { AppShell } from './page/app-shell';
import { Marker } from './page/marker';
import { StorageWatch } from './page/storage-watch';
import type { WorkerCalls } from './calls';
import { DeviceProblem, type DeviceState, type FieldDevice, type Lang } from './contract';
import type { ToPage, ToWorker } from './rpc';
import type { WorkerState } from './service';

export * from './contract';

const LANG = 'banlang.lang';
/** How long another tab may take to finish what it writes. */
const HAND_OVER_MS = 10_000;

/** Calls that go to the worker as they are. */
const REMOTE = [
  'enrol',
  'retryEnrolment',
  'abandonEnrolment',
  'unlock',
  'lock',
  'changePin',
  'setAutoLockMinutes',
  'autoLockMinutes',
  'signIn',
  'askRecovery',
  'checkRecovery',
  'finishRecovery',
  'cancelRecovery',
  'newSession',
  'newPanelCheck',
  'editRecord',
  'drafts',
  'draft',
  'saveDraft',
  'discardDraft',
  'checkForm',
  'finishDraft',
  'list',
  'record',
  'voidRecord',
  'restoreRecord',
  'resolve',
  'review',
  'words',
  'villages',
  'panels',
  'areas',
  'hotlines',
  'placeName',
  'looksLikeIdentity',
  'coarsePosition',
  'sync',
  'cancelSync',
  'dismissNotice',
  'exportFile',
  'importFile',
  'carried',
  'receiptsFile',
  'forgetCarried',
  'request',
  'download',
  'upload',
] as const satisfies readonly (keyof WorkerCalls)[];

/** Does not compile while a call of the worker is missing in the list. */
type Missing = Exclude<keyof WorkerCalls, (typeof REMOTE)[number]>;
const complete: [Missing] extends [never] ? true : Missing = true;

/** Starts the worker; the state begins at `starting`. */
export function connectDevice(): FieldDevice {
  void complete;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'banlang' });
  const listeners = new Set<(state: DeviceState) => void>();
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (problem: DeviceProblem) => void }>();
  const marker = new Marker();
  let inner: WorkerState = { phase: 'starting' };
  let lang: Lang = localStorage.getItem(LANG) === 'en' ? 'en' : 'vi';
  let calls = 0;

  const post = (message: ToWorker): void => worker.postMessage(message);
  const shell = new AppShell(() => emit(), () => handOver());
  const storage = new StorageWatch(() => emit());

  function state(): DeviceState {
    const page = { lang, updateReady: shell.updateReady, appVersion: __APP_VERSION__, storage: { ...storage.state, ...shell.install } };
    return { ...inner, ...page } as DeviceState;
  }

  function emit(): void {
    const now = state();
    for (const listener of listeners) listener(now);
  }

  worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
    if ('state' in data) {
      inner = data.state;
      if (inner.phase === 'open') marker.seen();
      return emit();
    }
    const call = waiting.get(data.answer);
    waiting.delete(data.answer);
    if ('problem' in data) call?.reject(new DeviceProblem(data.problem));
    else call?.resolve(data.value);
  };
  worker.onerror = (event) => {
    inner = {
      phase: 'damaged',
      problem: {
        code: 'defect',
        title: { vi: 'Ứng dụng không khởi động được', en: 'The app could not start' },
        detail: event.message,
        fields: [],
      },
    };
    emit();
  };

  function remote(name: keyof WorkerCalls, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      calls += 1;
      waiting.set(calls, { resolve, reject });
      // Forms of a screen may be proxies, which do not cross: what crosses is plain data anyway.
      const plain = args.map((arg) => (arg instanceof Uint8Array ? arg : structuredCloneable(arg)));
      post({ call: calls, name, args: plain });
    });
  }

  /** Resolves when the phase is one of these, or after a while. */
  function phase(isIt: (phase: DeviceState['phase']) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, HAND_OVER_MS);
      const listener = (now: DeviceState): void => {
        if (isIt(now.phase)) done();
      };
      function done(): void {
        clearTimeout(timer);
        listeners.delete(listener);
        resolve();
      }
      listeners.add(listener);
      listener(state());
    });
  }

  /** Everything that was typed is durable, and the device is let go. */
  async function handOver(): Promise<void> {
    if (inner.phase === 'waiting' || inner.phase === 'unsupported') return;
    const gone = phase((now) => now === 'waiting');
    post({ hand: 'over' });
    await gone;
  }

  addEventListener('online', () => post({ online: true }));
  addEventListener('offline', () => post({ online: false }));
  document.addEventListener('visibilitychange', () => {
    const visible = document.visibilityState === 'visible';
    post({ visible });
    if (visible) void storage.look();
  });
  post({ start: { remembered: marker.remembered() } });

  const calling = Object.fromEntries(
    REMOTE.map((name) => [name, (...args: unknown[]) => remote(name, args)]),
  ) as unknown as WorkerCalls;

  return {
    ...calling,
    subscribe(listener) {
      listeners.add(listener);
      listener(state());
      return () => listeners.delete(listener);
    },
    state,
    async setLanguage(next) {
      lang = next;
      localStorage.setItem(LANG, next);
      emit();
    },
    async takeOver() {
      post({ hand: 'take' });
      await phase((now) => now !== 'waiting');
    },
    persist: () => storage.persist(),
    install: () => shell.askInstall(),
    checkForUpdate: () => shell.checkForUpdate(),
    applyUpdate: () => shell.applyUpdate(),
  };
}

function structuredCloneable(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
