/**
 * The device's Ed25519 key. At rest it is sealed under the data key. At work it is a WebCrypto key that no script can
 * export; where the browser lacks Ed25519 the core signs, and the seed is in the worker's memory while it is unlocked.
 */
import { concat, fromHex, hex, random, type Bytes } from '../bytes';
import { publicKeyOfSeed, signWithSeed } from '../core/core';
import type { Cipher } from './cipher';

export interface StoredKey {
  publicKey: string;
  /** PKCS #8, sealed. */
  sealed: Bytes;
}

export interface DeviceKey {
  readonly publicKey: string;
  readonly nonExtractable: boolean;
  sign(message: Uint8Array): Promise<Bytes>;
}

const PLACE = 'banlang device key v1';
/** What stands before the seed in the PKCS #8 form of an Ed25519 key. */
const PREFIX = fromHex('302e020100300506032b657004220420');

/** Whether WebCrypto signs with Ed25519 here. */
async function supported(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    return true;
  } catch {
    return false;
  }
}

/** A new key pair, sealed. */
export async function makeKey(cipher: Cipher): Promise<StoredKey> {
  if (await supported()) {
    const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
    const publicKey = hex(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
    return { publicKey, sealed: await cipher.wrap(PLACE, pair.privateKey) };
  }
  const seed = random(32);
  const stored = { publicKey: hex(publicKeyOfSeed(seed)), sealed: await cipher.seal(PLACE, concat(PREFIX, seed)) };
  seed.fill(0);
  return stored;
}

/** The key at work. */
export async function openKey(cipher: Cipher, stored: StoredKey): Promise<DeviceKey> {
  const { publicKey } = stored;
  if (await supported()) {
    const key = await cipher.unwrap(PLACE, stored.sealed);
    const sign = async (message: Uint8Array): Promise<Bytes> =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', key, new Uint8Array(message)));
    return { publicKey, nonExtractable: true, sign };
  }
  const seed = (await cipher.open(PLACE, stored.sealed)).slice(PREFIX.length);
  const sign = (message: Uint8Array): Promise<Bytes> => Promise.resolve(new Uint8Array(signWithSeed(seed, message)));
  return { publicKey, nonExtractable: false, sign };
}
