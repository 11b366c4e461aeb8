/**
 * The PIN: a key from it by Argon2id wraps the data key. A wrong one is counted before it is tried, durably, so that
 * cutting the power does not give more tries; from the fourth on each has to wait longer. Nothing is ever wiped.
 */
import { argon2id } from 'hash-wasm';

import { own, random, type Bytes } from '../bytes';
import { problem, refuseField } from '../problem';
import { Cipher } from './cipher';

/** What is stored of the PIN. Readable to whoever reads the raw storage; it holds no secret. */
export interface PinLock {
  salt: Bytes;
  memoryKiB: number;
  passes: number;
  /** The data key under the key made of the PIN. */
  wrapped: Bytes;
  failures: number;
  retryAtMs: number;
  triedAtMs: number;
}

const PLACE = 'banlang data key v1';
const MEMORY_KIB = 32 * 1024;
/** The least that OWASP's password storage advice names for Argon2id: so much memory, and two passes. */
const LEAST_MEMORY_KIB = 19 * 1024;
const LEAST_PASSES = 2;
const MOST_PASSES = 10;
/** About so long one derivation may take on this phone. */
const AIM_MS = 350;
/** How long to wait after the n-th wrong PIN in a row; the last holds for all further ones. */
const WAIT_S = [0, 0, 0, 5, 15, 30, 60, 300, 900, 3600];

const normal = (pin: string): string => pin.normalize('NFC').trim();

/** Rejects what is no PIN. */
export function checkPin(pin: string, field = 'pin'): void {
  const length = [...normal(pin)].length;
  if (length < 6 || length > 64) {
    throw refuseField(field, { vi: 'từ 6 đến 64 ký tự, có thể chỉ là chữ số', en: '6 to 64 characters; digits alone are fine' });
  }
}

async function derive(pin: string, lock: Pick<PinLock, 'salt' | 'memoryKiB' | 'passes'>): Promise<Cipher> {
  const key = await argon2id({
    password: normal(pin),
    salt: lock.salt,
    memorySize: lock.memoryKiB,
    iterations: lock.passes,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  });
  return Cipher.of(own(key));
}

/** As much work as a phone does in about the time aimed at that takes so long for one pass; never less than the least. */
export function workFor(passMs: number): Pick<PinLock, 'memoryKiB' | 'passes'> {
  const passes = Math.floor(AIM_MS / Math.max(passMs, 1));
  if (passes < LEAST_PASSES) return { memoryKiB: LEAST_MEMORY_KIB, passes: LEAST_PASSES };
  return { memoryKiB: MEMORY_KIB, passes: Math.min(passes, MOST_PASSES) };
}

/** How long one pass over the whole memory takes here. */
async function passMs(): Promise<number> {
  const started = performance.now();
  await derive('calibration', { salt: random(16), memoryKiB: MEMORY_KIB, passes: 1 });
  return performance.now() - started;
}

/** A lock for this data key. */
export async function lockWith(pin: string, data: Bytes): Promise<PinLock> {
  const made = { salt: random(16), ...workFor(await passMs()) };
  const wrapped = await (await derive(pin, made)).seal(PLACE, data);
  return { ...made, wrapped, failures: 0, retryAtMs: 0, triedAtMs: 0 };
}

/**
 * The data key, or a rejection `pin.wrong` or `pin.wait`. `keep` writes the lock durably; it is called before the PIN
 * is tried and once more when it was right.
 */
export async function unlockWith(
  pin: string,
  lock: PinLock,
  nowMs: number,
  keep: (lock: PinLock) => Promise<void>,
): Promise<Bytes> {
  // A clock that was put back starts the wait anew.
  const retryAtMs = nowMs < lock.triedAtMs ? nowMs + waitMs(lock.failures) : lock.retryAtMs;
  if (nowMs < retryAtMs) {
    if (retryAtMs !== lock.retryAtMs) await keep({ ...lock, retryAtMs, triedAtMs: nowMs });
    throw problem('pin.wait', { retryAtMs });
  }
  const failures = lock.failures + 1;
  const counted = { ...lock, failures, retryAtMs: nowMs + waitMs(failures), triedAtMs: nowMs };
  await keep(counted);
  const cipher = await derive(pin, lock);
  let data: Bytes;
  try {
    data = await cipher.open(PLACE, lock.wrapped);
  } catch {
    throw problem('pin.wrong', { retryAtMs: counted.retryAtMs });
  }
  await keep({ ...lock, failures: 0, retryAtMs: 0 });
  return data;
}

function waitMs(failures: number): number {
  return (WAIT_S[Math.min(failures, WAIT_S.length) - 1] ?? 0) * 1000;
}
