/** Everything that is stored: AES-256-GCM under the phone's data key, each value bound to the place it is stored at. */
import { concat, fromUtf8, own, utf8, type Bytes } from '../bytes';

const IV_BYTES = 12;

export class Cipher {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** `data` are the 32 bytes of the data key; the key made of them cannot be read back by scripts. */
  static async of(data: Bytes): Promise<Cipher> {
    const usages: KeyUsage[] = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
    return new Cipher(await crypto.subtle.importKey('raw', data, 'AES-GCM', false, usages));
  }

  /** A random IV, then the ciphertext. `place` must be the same when it is opened: no value can take another's place. */
  async seal(place: string, bytes: Uint8Array): Promise<Bytes> {
    const algorithm = fresh(place);
    return concat(algorithm.iv, new Uint8Array(await crypto.subtle.encrypt(algorithm, this.#key, own(bytes))));
  }

  /** Rejects when the bytes were altered or belong elsewhere. */
  async open(place: string, sealed: Uint8Array): Promise<Bytes> {
    const [algorithm, body] = apart(place, sealed);
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, this.#key, body));
  }

  async sealJson(place: string, value: unknown): Promise<Bytes> {
    return this.seal(place, utf8(JSON.stringify(value)));
  }

  async openJson<T>(place: string, sealed: Uint8Array): Promise<T> {
    return JSON.parse(fromUtf8(await this.open(place, sealed))) as T;
  }

  /** A private key, sealed without its bytes ever reaching a script. */
  async wrap(place: string, key: CryptoKey): Promise<Bytes> {
    const algorithm = fresh(place);
    return concat(algorithm.iv, new Uint8Array(await crypto.subtle.wrapKey('pkcs8', key, this.#key, algorithm)));
  }

  /** The private key again, for signing alone and not to be exported. */
  async unwrap(place: string, sealed: Uint8Array): Promise<CryptoKey> {
    const [algorithm, body] = apart(place, sealed);
    return crypto.subtle.unwrapKey('pkcs8', body, this.#key, algorithm, 'Ed25519', false, ['sign']);
  }
}

function fresh(place: string): AesGcmParams & { iv: Bytes } {
  return { name: 'AES-GCM', iv: crypto.getRandomValues(new Uint8Array(IV_BYTES)), additionalData: utf8(place) };
}

function apart(place: string, sealed: Uint8Array): [AesGcmParams, Bytes] {
  const algorithm = { name: 'AES-GCM', iv: own(sealed.subarray(0, IV_BYTES)), additionalData: utf8(place) };
  return [algorithm, own(sealed.subarray(IV_BYTES))];
}
