/** The bytes of one row: a batch as header, signature and changes, each with its length before it. */
import { concat, type Bytes } from '../bytes';
import type { StoredBatch } from '../core/core';

const ABSENT = 0xffffffff;

export function packBatch(batch: StoredBatch): Bytes {
  const parts: Uint8Array[] = [];
  for (const part of [batch.header, batch.signature, ...batch.bodies]) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, part ? part.length : ABSENT);
    parts.push(length);
    if (part) parts.push(part);
  }
  return concat(...parts);
}

export function unpackBatch(row: Bytes): StoredBatch {
  const parts: (Uint8Array | null)[] = [];
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  for (let at = 0; at < row.length; ) {
    const length = view.getUint32(at);
    at += 4;
    parts.push(length === ABSENT ? null : row.slice(at, at + length));
    if (length !== ABSENT) at += length;
  }
  const [header, signature, ...bodies] = parts;
  if (!header || !signature) throw new Error('a row of the store is no batch');
  return { header, signature, bodies };
}
