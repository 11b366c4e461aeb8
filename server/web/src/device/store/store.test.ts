import { expect, test } from 'vitest';

import type { StoreWrite, StoredBatch, Summary } from '../core/core';
import { Cipher } from '../vault/cipher';
import { keepPlain, openDatabase, type Database } from './database';
import { Store } from './store';

const ME = 'd2b5eb75f419a7b0';
const OTHER = '01a5e6280df23bf3';
const AREA = '2025-06841';
const hash = (n: number): string => n.toString(16).padStart(2, '0').repeat(32);
/** The id of the record a change begins. */
const record = (n: number): string => hash(n).slice(0, 32);
const bytes = (n: number): Uint8Array => new Uint8Array([n, n, n]);
let databases = 0;

async function fresh(): Promise<{ db: Database; cipher: Cipher; store: Store }> {
  const db = await openDatabase(`store-${(databases += 1)}`);
  await keepPlain(db, { device: ME });
  const cipher = await Cipher.of(new Uint8Array(32).fill(5));
  return { db, cipher, store: await Store.open(db, cipher) };
}

const pending = (n: number): StoreWrite => ({
  write: 'add_pending',
  area: AREA,
  record: record(n),
  kind: 1,
  change: hash(n),
  bytes: bytes(n),
});

const batch = (device: string, seq: number, changes: number[], withheld: number[] = []): StoreWrite => ({
  write: 'put_batch',
  log: `${AREA}/${device}`,
  seq,
  hash: hash(100 + seq),
  entries: changes.map((n) => ({ record: record(n), kind: 1, change: hash(n) })),
  batch: {
    header: new Uint8Array([seq]),
    signature: new Uint8Array(64),
    bodies: changes.map((n) => (withheld.includes(n) ? null : bytes(n))),
  },
});

const bodies = (batches: StoredBatch[]): (number[] | null)[][] =>
  batches.map((of) => of.bodies.map((body) => body && [...body]));

test('a store that is opened again holds what it held', async () => {
  const { db, cipher, store } = await fresh();
  await store.persist([pending(1), pending(2)], { steps: [{ do: 'serial', serial: 2 }] });
  await store.persist([batch(OTHER, 1, [3, 4]), { write: 'keep', key: 'sent', value: 'aa' }]);
  const again = await Store.open(db, cipher);
  expect(again.ledger.image()).toEqual(store.ledger.image());
  expect(again.ledger.serial).toBe(2);
  expect(again.ledger.state().sent).toBe('aa');
  expect(again.ledger.state().pending).toEqual([AREA]);
  expect((await again.changes(record(3))).map((of) => [...of])).toEqual([[3, 3, 3]]);
});

test('a checkpoint holds what the journal held, and rows nobody points to are gone', async () => {
  const { db, cipher, store } = await fresh();
  for (let n = 1; n <= 120; n += 1) await store.persist([pending(n)]);
  for (let seq = 1; seq <= 120; seq += 1) await store.persist([batch(ME, seq, [seq])]);
  await store.tidy();
  expect(await db.count('journal')).toBe(0);
  expect(await db.count('body')).toBe(120);
  await store.persist([pending(200)]);
  const again = await Store.open(db, cipher);
  expect(again.ledger.image()).toEqual(store.ledger.image());
  expect((await again.log(`${AREA}/${ME}`, 118, 1 << 20)).length).toBe(2);
});

test('a sealed change leaves the pending ones, and its bytes stay where the server withheld them', async () => {
  const { store } = await fresh();
  await store.persist([pending(1), pending(2)]);
  await store.persist([batch(ME, 1, [1, 2], [2])]);
  expect(store.ledger.pending).toEqual([]);
  expect(bodies(await store.log(`${AREA}/${ME}`, 0, 1))).toEqual([[[1, 1, 1], [2, 2, 2]]]);
});

test('an own log taken apart gives its changes back in their order, before newer ones', async () => {
  const { db, cipher, store } = await fresh();
  await store.persist([pending(1), pending(2)]);
  await store.persist([batch(ME, 1, [1, 2])]);
  await store.persist([pending(3)]);
  await store.persist([{ write: 'unseal', log: `${AREA}/${ME}` }]);
  expect((await store.pending(AREA, 9)).map((of) => [...of.bytes][0])).toEqual([1, 2, 3]);
  await store.persist([batch(ME, 1, [9]), batch(ME, 2, [1, 2, 3])]);
  const again = await Store.open(db, cipher);
  expect(again.ledger.pending).toEqual([]);
  expect(bodies(await again.log(`${AREA}/${ME}`, 1, 1))).toEqual([[[1, 1, 1], [2, 2, 2], [3, 3, 3]]]);
});

test('a log that is dropped takes its records along, and only those', async () => {
  const { store } = await fresh();
  await store.persist([batch(OTHER, 1, [1, 2]), pending(3)]);
  await store.persist([{ write: 'drop_log', log: `${AREA}/${OTHER}` }]);
  expect([...store.ledger.records.keys()]).toEqual([record(3)]);
  expect(store.ledger.state().chains).toEqual([]);
});

test('a record and the end of its draft are one transaction', async () => {
  const { db, store } = await fresh();
  await store.keepSealed('draft', 'd1', { note: 'dở dang' });
  await store.persist([pending(1)], { deleteDraft: 'd1' });
  expect(await db.count('draft')).toBe(0);
  expect(await store.everySealed('draft')).toEqual([]);
});

test('lines are kept, and made again only for what changed', async () => {
  const { db, cipher, store } = await fresh();
  await store.persist([batch(OTHER, 1, [1, 2])]);
  expect([...store.ledger.stale].sort()).toEqual([record(1), record(2)].sort());
  const line = { kind: 'session', heads: [] } as unknown as Summary;
  await store.keepLines([[record(1), line], [record(2), null]]);
  const again = await Store.open(db, cipher);
  expect([...again.ledger.stale]).toEqual([]);
  expect(again.ledger.records.get(record(1))?.summary).toEqual(line);
  expect(again.ledger.records.get(record(2))?.unreadable).toBe(true);
  await again.persist([{ ...batch(OTHER, 2, [5]), entries: [{ record: record(1), kind: 1, change: hash(5) }] } as StoreWrite]);
  expect([...again.ledger.stale]).toEqual([record(1)]);
});

test('the state machine is told which changes are not here, until their log is dropped', async () => {
  const { db, cipher, store } = await fresh();
  await store.persist([batch(OTHER, 1, [1, 2], [2]), batch(OTHER, 2, [3, 4], [3, 4]), pending(5)]);
  // What the server withholds of this phone's own is here all the same.
  await store.persist([batch(ME, 1, [5], [5])]);
  const entries = [[1, 1], [2, 0], [2, 1]];
  for (const one of [store, await Store.open(db, cipher)]) {
    expect(one.ledger.state().withheld).toEqual([{ log: `${AREA}/${OTHER}`, entries }]);
  }
  await store.persist([{ write: 'drop_log', log: `${AREA}/${OTHER}` }]);
  expect(store.ledger.state().withheld).toEqual([]);
});
