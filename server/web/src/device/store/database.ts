/**
 * The tables of the phone. Only `plain` holds anything readable: the lock and sealed keys. Everything else is
 * ciphertext under keys that say nothing.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import type { Bytes } from '../bytes';
import type { PinLock } from '../vault/pin';
import type { StoredKey } from '../vault/key';

export interface StoredRecovery {
  id: string;
  checkCode: string;
  askedAtMs: number;
  expiresAtMs: number;
  /** Opens what the server seals to this phone. */
  identity: string;
  approved?: string;
}

export interface Plain {
  lock: PinLock;
  key: StoredKey;
  /** The data key, sealed to the server: how a forgotten PIN loses no record. */
  envelope: Bytes;
  device: string;
  /** Present while the server's answer to the enrolment is outstanding; sealed. */
  enrolling: Bytes;
  recovery: StoredRecovery;
  autoLockMinutes: number;
}

export interface Tables extends DBSchema {
  plain: { key: string; value: unknown };
  meta: { key: string; value: Bytes };
  journal: { key: number; value: Bytes };
  checkpoint: { key: number; value: Bytes };
  body: { key: number; value: Bytes };
  draft: { key: string; value: Bytes };
  carried: { key: string; value: Bytes };
}

export type Database = IDBPDatabase<Tables>;
export type Table = 'plain' | 'meta' | 'journal' | 'checkpoint' | 'body' | 'draft' | 'carried';

export const NAME = 'banlang';
const TABLES: Table[] = ['plain', 'meta', 'journal', 'checkpoint', 'body', 'draft', 'carried'];

export async function openDatabase(name = NAME): Promise<Database> {
  return openDB<Tables>(name, 1, {
    upgrade(db) {
      for (const table of TABLES) db.createObjectStore(table);
    },
  });
}

/** A transaction that is done once it is on the disk. */
export function writing(db: Database, tables: Table[]) {
  return db.transaction(tables, 'readwrite', { durability: 'strict' });
}

export async function plain<K extends keyof Plain>(db: Database, key: K): Promise<Plain[K] | undefined> {
  return (await db.get('plain', key)) as Plain[K] | undefined;
}

/** Writes values of `plain` together; undefined removes one. */
export async function keepPlain(db: Database, values: Partial<Plain>): Promise<void> {
  const tx = writing(db, ['plain']);
  const table = tx.objectStore('plain');
  for (const [key, value] of Object.entries(values)) {
    await (value === undefined ? table.delete(key) : table.put(value, key));
  }
  await tx.done;
}
