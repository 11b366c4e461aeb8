/** Enrolment, tokens, sign-in, and requests that need them: the same as every device's, see docs/api.md. */
import type { components } from '../api';
import { base64url, concat, fromHex, hex, random, type Bytes } from '../bytes';
import { deviceOfKey, enrolmentStatement, proofStatement, signInStatement, tokenStatement, type DeviceIdentity } from '../core/core';
import { DeviceProblem, type Role } from '../contract';
import { problem } from '../problem';
import type { DeviceKey } from '../vault/key';
import { json, Line, readJson, type Answer, type Ask } from './http';

type Grant = components['schemas']['Grant'];

/** What the phone knows of itself and of the server; kept sealed. */
export interface Profile {
  device: string;
  publicKey: string;
  certificateNo: number;
  certificate: string;
  certificateExpiresAtMs: number;
  recorder: number;
  username: string;
  name: string;
  role: Role;
  areas: string[];
  scope: string[] | null;
  receiptKeys: [string, string][];
  serverKeysVersion: string;
  carryRecipient: string;
  logDevices: string[];
  signInExpiresAtMs: number;
}

/** A token is fetched anew so long before it ends. */
const BEFORE_END_MS = 20_000;
const NEW_TOKEN = new Set(['token.expired', 'token.refused', 'token.missing', 'proof.used', 'auth.changed']);

export const APP_VERSION = `web ${__APP_VERSION__}`;

export class Access {
  readonly line: Line;
  readonly #key: DeviceKey;
  #profile: Profile | undefined;
  #token: { text: string; untilMs: number } | undefined;
  /** Ascends one by one, so that requests that overtake each other stay within the server's window. */
  #counter = Date.now() * 1000;
  /** Called with a profile that changed, before it is used; durable once it resolves. */
  onProfile: (profile: Profile) => Promise<void> = () => Promise.resolve();
  /** The phone's clock minus the server's at the last grant. */
  clockOffMs: number | undefined;

  constructor(line: Line, key: DeviceKey, profile?: Profile) {
    this.line = line;
    this.#key = key;
    this.#profile = profile;
  }

  get profile(): Profile {
    if (!this.#profile) throw problem('locked');
    return this.#profile;
  }

  /** Proves the key with the code; a repeated request with the same code gives the same device. */
  async enrol(code: string, label: string): Promise<Profile> {
    const publicKey = fromHex(this.#key.publicKey);
    const body = {
      code,
      label,
      public_key: this.#key.publicKey,
      signature: hex(await this.#key.sign(enrolmentStatement(code, publicKey))),
      time_ms: Date.now(),
      app_version: APP_VERSION,
    };
    const grant = readJson<Grant>(await this.line.ask(json('POST', '/v1/enrolments', body)));
    if (grant.certificate?.device_id !== deviceOfKey(publicKey)) {
      throw problem('server.answer', { detail: 'the certificate names another device' });
    }
    await this.#take(grant);
    return this.profile;
  }

  async signIn(password: string): Promise<void> {
    const { device, username, certificateNo } = this.profile;
    const body = {
      username,
      password,
      device_id: device,
      signature: hex(await this.#key.sign(signInStatement(device, username, password))),
      certificate_no: certificateNo,
      time_ms: Date.now(),
      app_version: APP_VERSION,
    };
    await this.#take(readJson<Grant>(await this.line.ask(json('POST', '/v1/sign-ins', body))));
  }

  /** Asks with a token; once more when the server wants a newer one. */
  async ask(ask: Ask): Promise<Answer> {
    await this.refreshIfStale(ask.signal);
    try {
      return await this.#once(ask);
    } catch (error) {
      if (!(error instanceof DeviceProblem) || !NEW_TOKEN.has(error.code)) throw error;
      await this.refresh(ask.signal);
      return this.#once(ask);
    }
  }

  /** Fetches a token when there is none that lasts, and with it the certificate of today. */
  async refreshIfStale(signal?: AbortSignal): Promise<void> {
    const left = (this.#token?.untilMs ?? 0) - Date.now();
    if (left < BEFORE_END_MS || left > 24 * 3600_000) await this.refresh(signal);
  }

  async #once(ask: Ask): Promise<Answer> {
    const token = this.#token?.text ?? '';
    return this.line.ask(ask, async (method, target, body) => {
      this.#counter += 1;
      const counter = BigInt(this.#counter);
      const signature = await this.#key.sign(proofStatement(method, target, body, token, counter));
      return { authorization: `Bearer ${token}`, 'banlang-proof': base64url(concat(bigEndian(counter), signature)) };
    });
  }

  /** Fetches a token by the key alone; takes in a newer certificate and newer server keys on the way. */
  async refresh(signal?: AbortSignal): Promise<void> {
    try {
      await this.#askToken(undefined, signal);
    } catch (error) {
      // A server restored from an old backup has forgotten this device: its certificate reminds it.
      if (!(error instanceof DeviceProblem) || error.code !== 'certificate.wanted') throw error;
      await this.#askToken(this.profile.certificate, signal);
    }
  }

  async #askToken(certificate: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { device, certificateNo, serverKeysVersion } = this.profile;
    const nonce = random(16);
    const body = {
      device_id: device,
      nonce: hex(nonce),
      signature: hex(await this.#key.sign(tokenStatement(device, nonce))),
      certificate_no: certificateNo,
      server_keys: serverKeysVersion,
      time_ms: Date.now(),
      app_version: APP_VERSION,
      ...(certificate !== undefined && { certificate }),
    };
    const ask = { ...json('POST', '/v1/tokens', body), ...(signal && { signal }) };
    await this.#take(readJson<Grant>(await this.line.ask(ask)));
  }

  /** The token's end is counted on the phone's own clock, whatever that shows. */
  async #take(grant: Grant): Promise<void> {
    const now = Date.now();
    const before = this.#profile;
    const after = withGrant(before, this.#key.publicKey, grant);
    if (JSON.stringify(after) !== JSON.stringify(before)) await this.onProfile(after);
    this.#profile = after;
    this.clockOffMs = now - grant.server_time_ms;
    const lifeMs = grant.access_token_expires_at_ms - grant.server_time_ms;
    this.#token = { text: grant.access_token, untilMs: now + lifeMs };
  }
}

function withGrant(before: Profile | undefined, publicKey: string, grant: Grant): Profile {
  const { certificate, server } = grant;
  const named = certificate && {
    device: certificate.device_id,
    publicKey,
    certificateNo: certificate.no,
    certificate: certificate.jwt,
    certificateExpiresAtMs: certificate.expires_at_ms,
    recorder: certificate.recorder,
    username: certificate.username,
    name: certificate.display_name,
    role: certificate.role as Role,
    areas: certificate.areas,
    scope: certificate.scope ?? null,
  };
  const keys = server && {
    receiptKeys: server.keys
      .filter(({ purpose }) => purpose === 'receipt')
      .map(({ kid, key }): [string, string] => [kid, key]),
    carryRecipient: server.carry_recipient,
    logDevices: server.log_device_ids,
    serverKeysVersion: grant.server_keys_version,
  };
  const merged = { ...before, ...named, ...keys, signInExpiresAtMs: grant.sign_in_expires_at_ms };
  if (merged.device === undefined || merged.logDevices === undefined) {
    throw problem('server.answer', { detail: 'the grant lacks certificate or keys' });
  }
  return merged as Profile;
}

function bigEndian(number: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

/** Who the device is, for the core. */
export function identityOf(profile: Profile): DeviceIdentity {
  return {
    device: profile.device,
    public_key: profile.publicKey,
    certificate: profile.certificateNo,
    certificate_text: profile.certificate,
    recorder: profile.recorder,
    name: profile.name,
    role: profile.role,
    areas: profile.areas,
    servers: profile.logDevices,
    receipt_keys: profile.receiptKeys,
  };
}
