/** Files for carriers: everything unsent, encrypted to the server; receipts back; a colleague's file taken along. */
import { Encrypter } from 'age-encryption';

import { fromUtf8, hex, own, random } from '../bytes';
import type { CarriedItem, DeviceFile, Exported, Imported } from '../contract';
import { readReceipts } from '../core/core';
import type { Access } from '../line/access';
import { asProblem, plain, problem } from '../problem';
import type { Store } from '../store/store';
import type { Driver } from './driver';
import type { Tell } from './sync';

const CARRIED = 'application/vnd.banlang.carried';
const RECEIPTS = 'application/vnd.banlang.receipts';
const AGE = 'age-encryption.org/v1';
const RECEIPT_FILE = 'BLRECPT1';
/** No connection, or a server that cannot now: the file stays and goes with the next sync. */
const LATER = /^(offline|server\.|http\.5|sync\.cancelled)/;

interface Kept extends CarriedItem {
  receipts?: number[];
}

export class Files {
  readonly #store: Store;
  readonly #access: Access;
  readonly #driver: () => Driver;
  readonly #items = new Map<string, Kept>();
  readonly #tell: Tell;

  private constructor(store: Store, access: Access, driver: () => Driver, items: Kept[], tell: Tell) {
    this.#store = store;
    this.#access = access;
    this.#driver = driver;
    this.#tell = tell;
    for (const item of items) this.#items.set(item.id, item);
  }

  static async open(store: Store, access: Access, driver: () => Driver, tell: Tell): Promise<Files> {
    return new Files(store, access, driver, await store.everySealed<Kept>('carried'), tell);
  }

  async export(): Promise<Exported> {
    const { file, changes } = await this.#driver().unsent();
    const encrypter = new Encrypter();
    encrypter.addRecipient(this.#access.profile.carryRecipient);
    const bytes = await encrypter.encrypt(file);
    return { name: name(this.#access.profile.device, 'banlang'), mediaType: CARRIED, bytes, changes };
  }

  async import(fileName: string, bytes: Uint8Array): Promise<Imported> {
    const head = fromUtf8(bytes.slice(0, AGE.length));
    if (head.startsWith(RECEIPT_FILE)) return this.#receipts(bytes);
    if (head !== AGE) throw problem('file.unknown');
    const id = hex(random(8));
    const item: Kept = { id, name: fileName, sizeBytes: bytes.length, takenAtMs: Date.now(), phase: 'waiting' };
    await this.#store.keepCarried(id, item, bytes);
    this.#items.set(id, item);
    return { kind: 'carried', item };
  }

  async #receipts(bytes: Uint8Array): Promise<Imported> {
    let to: string;
    try {
      to = readReceipts(bytes).to;
    } catch {
      throw problem('file.unknown');
    }
    if (to !== this.#access.profile.device) throw problem('file.not-for-this-device');
    const before = this.#confirmed();
    await this.#driver().takeReceipts(bytes);
    return { kind: 'receipts', newlyConfirmed: this.#confirmed() - before };
  }

  /** Own batches the server has signed for. */
  #confirmed(): number {
    return this.#driver().ownLogs().reduce((sum, log) => sum + log.stored, 0);
  }

  /** Brings what waits to the server. Needs a connection and no sign-in. */
  async deliver(): Promise<void> {
    for (const item of [...this.#items.values()]) {
      if (item.phase !== 'waiting') continue;
      const body = await this.#store.carriedBytes(item.id);
      if (body) await this.#deliverOne(item, body);
    }
  }

  async #deliverOne(item: Kept, body: Uint8Array): Promise<void> {
    try {
      const ask = { method: 'POST', path: '/v1/deposits', contentType: CARRIED, body };
      const { bytes } = await this.#access.line.ask(ask);
      const { held } = readReceipts(bytes);
      await this.#keep({ ...item, phase: 'delivered', deliveredAtMs: Date.now(), held, receipts: [...bytes] });
      this.#tell('carried-delivered', {
        vi: `Đã chuyển tệp ${item.name} tới máy chủ. Hãy gửi biên nhận lại cho người giao.`,
        en: `The file ${item.name} reached the server. Give the receipts back to its owner.`,
      });
    } catch (error) {
      const found = asProblem(error);
      if (LATER.test(found.code)) throw found;
      await this.#keep({ ...item, phase: 'refused', problem: plain(found) });
    }
  }

  async #keep(item: Kept): Promise<void> {
    await this.#store.keepCarried(item.id, item);
    this.#items.set(item.id, item);
  }

  /** The newest first. */
  all(): CarriedItem[] {
    const items = [...this.#items.values()].map(({ receipts: _, ...item }) => item);
    return items.sort((a, b) => b.takenAtMs - a.takenAtMs);
  }

  receiptsFile(id: string): DeviceFile {
    const receipts = this.#items.get(id)?.receipts;
    if (!receipts) throw problem('file.waiting');
    const bytes = Uint8Array.from(receipts);
    return { name: name(readReceipts(bytes).to, 'banlang-receipts'), mediaType: RECEIPTS, bytes: own(bytes) };
  }

  async forget(id: string): Promise<void> {
    const item = this.#items.get(id);
    if (item?.phase === 'waiting') throw problem('file.waiting');
    await this.#store.forgetSealed('carried', id);
    this.#items.delete(id);
  }
}

/** `d2b5eb75-20261125-0931.banlang`: says whose and when, and nothing of what is in it. */
function name(device: string, extension: string): string {
  const now = new Date();
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${device.slice(0, 8)}-${day}-${two(now.getHours())}${two(now.getMinutes())}.${extension}`;
}
