import { expect, test } from 'vitest';

import { DeviceProblem } from '../contract';
import { checkPin, lockWith, unlockWith, workFor, type PinLock } from './pin';

const DATA = new Uint8Array(32).fill(7);
const NOW = 1_795_392_000_000;

/** A lock whose writes are kept, as a database keeps them. */
async function kept(pin: string): Promise<{ lock: PinLock; writes: PinLock[]; keep: (lock: PinLock) => Promise<void> }> {
  const box = { lock: await lockWith(pin, DATA), writes: [] as PinLock[], keep: (_: PinLock) => Promise.resolve() };
  box.keep = async (lock) => {
    box.lock = lock;
    box.writes.push(lock);
  };
  return box;
}

const code = async (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'opened',
    (error: DeviceProblem) => error.code,
  );

test('the right PIN gives the data key, however its letters were composed', async () => {
  const box = await kept('suối-reo');
  expect(await unlockWith('suối-reo'.normalize('NFD'), box.lock, NOW, box.keep)).toEqual(DATA);
  expect(box.lock.failures).toBe(0);
});

test('a wrong PIN is counted durably before it is tried', async () => {
  const box = await kept('246813');
  let triedWith: number | undefined;
  const keep = async (lock: PinLock): Promise<void> => {
    triedWith ??= lock.failures;
    await box.keep(lock);
  };
  expect(await code(unlockWith('000000', box.lock, NOW, keep))).toBe('pin.wrong');
  expect(triedWith).toBe(1);
  expect(box.lock.failures).toBe(1);
});

test('from the fourth wrong PIN on each has to wait, and the right one resets it', async () => {
  const box = await kept('246813');
  for (let tries = 1; tries <= 3; tries += 1) {
    expect(await code(unlockWith('000000', box.lock, NOW, box.keep))).toBe('pin.wrong');
    expect(box.lock.retryAtMs).toBeLessThanOrEqual(NOW);
  }
  expect(await code(unlockWith('000000', box.lock, NOW, box.keep))).toBe('pin.wrong');
  expect(box.lock.retryAtMs).toBe(NOW + 5_000);
  expect(await code(unlockWith('246813', box.lock, NOW + 4_999, box.keep))).toBe('pin.wait');
  expect(await unlockWith('246813', box.lock, NOW + 5_000, box.keep)).toEqual(DATA);
  expect(box.lock.failures).toBe(0);
});

test('putting the clock back starts the wait anew', async () => {
  const box = await kept('246813');
  for (let tries = 1; tries <= 5; tries += 1) box.lock = { ...box.lock, failures: tries, retryAtMs: NOW + 15_000, triedAtMs: NOW };
  expect(await code(unlockWith('246813', box.lock, NOW - 3_600_000, box.keep))).toBe('pin.wait');
  expect(box.lock.retryAtMs).toBe(NOW - 3_600_000 + 15_000);
});

test('what is no PIN is refused with what is accepted', () => {
  for (const pin of ['', '12345', '  12345  ', 'x'.repeat(65)]) {
    expect(() => checkPin(pin)).toThrow(DeviceProblem);
  }
  checkPin('123456');
});

test('a slow phone does the least that is advised, a quick one more', () => {
  expect(workFor(280)).toEqual({ memoryKiB: 19 * 1024, passes: 2 });
  expect(workFor(175)).toEqual({ memoryKiB: 32 * 1024, passes: 2 });
  expect(workFor(70)).toEqual({ memoryKiB: 32 * 1024, passes: 5 });
  expect(workFor(0)).toEqual({ memoryKiB: 32 * 1024, passes: 10 });
});
