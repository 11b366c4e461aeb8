/** Files for carriers. */
import type { Problem } from './problem';

export interface DeviceFile {
  name: string;
  mediaType: string;
  bytes: Uint8Array;
}

export interface Exported extends DeviceFile {
  /** Changes in it: everything the server has not signed for. */
  changes: number;
}

export type Imported =
  /** Receipts for this phone: the server has what they name. */
  | { kind: 'receipts'; newlyConfirmed: number }
  /** A colleague's file: kept here and taken to the server at the next connection. */
  | { kind: 'carried'; item: CarriedItem };

/** A colleague's file on its way. Nobody on the way can read it. */
export interface CarriedItem {
  id: string;
  name: string;
  sizeBytes: number;
  takenAtMs: number;
  /** `delivered`: receipts are here to be given back with `receiptsFile(id)`. */
  phase: 'waiting' | 'delivered' | 'refused';
  deliveredAtMs?: number;
  /** Batches that wait for others or were held for a person to look at. */
  held?: number;
  problem?: Problem;
}
