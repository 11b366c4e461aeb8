import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { CoreNotice } from '../core/core';
import type { Access } from '../line/access';
import type { Driver } from './driver';
import { Sync } from './sync';

const LOG = '2025-06841/01a5e6280df23bf3';

beforeEach(() => vi.stubGlobal('navigator', { onLine: true }));
afterEach(() => vi.unstubAllGlobals());

/** A sync whose runs say these notices, one list a run; what it tells a person, and how often it asked for new keys. */
async function synced(...runs: CoreNotice[][]): Promise<{ told: string[]; refreshes: number; runs: number }> {
  const told: string[] = [];
  let [refreshes, ran] = [0, 0];
  const driver = {
    sync: async () => {
      for (const notice of runs[ran] ?? []) sync.heard(notice);
      ran += 1;
      return { notice: 'synced', server_time: Date.now() };
    },
  };
  const line = { traffic: { requests: 0, bytesUp: 0, bytesDown: 0 } };
  const access = { line, refresh: async () => void (refreshes += 1) };
  const sync = new Sync(
    () => driver as unknown as Driver,
    access as unknown as Access,
    (kind) => told.push(kind),
    () => undefined,
    {},
  );
  await sync.run();
  await sync.close();
  return { told, refreshes, runs: ran };
}

test('a batch that cannot be verified is looked at again with the server’s keys of today', async () => {
  expect(await synced([{ notice: 'unverifiable', log: LOG }], [])).toEqual({ told: [], refreshes: 1, runs: 2 });
});

test('what still cannot be verified is told, once', async () => {
  const forged: CoreNotice[] = [{ notice: 'unverifiable', log: LOG }];
  expect(await synced(forged, forged)).toEqual({ told: ['unverifiable'], refreshes: 1, runs: 2 });
});

test('what the server does not take back was not given back', async () => {
  const behind: CoreNotice[] = [{ notice: 'server_was_behind', log: LOG }];
  expect((await synced(behind)).told).toEqual(['server-restored']);
  expect((await synced([...behind, { notice: 'server_lacks', log: LOG }])).told).toEqual(['server-lacks']);
});

test('what a phone needs most is fetched before the exchange, and a failure there does not keep it from running', async () => {
  const order: string[] = [];
  const driver = { sync: async () => (order.push('exchange'), { notice: 'synced', server_time: Date.now() }) };
  const access = { line: { traffic: { requests: 0, bytesUp: 0, bytesDown: 0 } } };
  const [drives, lets] = [() => driver as unknown as Driver, access as unknown as Access];
  const sync = new Sync(drives, lets, () => undefined, () => undefined, {});
  sync.beforehand = async () => {
    order.push('list');
    throw new Error('no answer');
  };
  await sync.run();
  await sync.close();
  expect(order).toEqual(['list', 'exchange']);
});
