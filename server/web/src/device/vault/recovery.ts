/**
 * A forgotten PIN. At enrolment the data key is sealed to the server's key and kept on the phone. To recover, the phone
 * shows the server that envelope and a key made for this one answer; headquarters approves what the phone shows as a
 * check code, which covers both; the server then seals the data key to the new key. Neither the phone's storage nor
 * the server alone can open anything. See docs/adr/.
 */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';

import { concat, fromHex, hex, own, utf8, type Bytes } from '../bytes';
import type { components } from '../api';
import type { RecoveryState } from '../contract';
import { recoveryCheckCode } from '../core/core';
import type { StoredRecovery } from '../store/database';
import { json, readJson, type Line } from '../line/http';
import { problem } from '../problem';

type Asked = components['schemas']['RecoveryView'];

const MAGIC = utf8('BLRECOV1');

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at]);

/** What is sealed: that it is for recovery, whose it is, the data key. */
export async function sealEnvelope(recipient: string, device: string, data: Bytes): Promise<Bytes> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return own(await encrypter.encrypt(concat(MAGIC, fromHex(device), data)));
}

/**
 * Asks the server; what comes back is to be kept until it is finished. The check code is made here, from what this
 * phone sent: whoever alters that on the way makes another code, and headquarters finds no request of the one it hears.
 */
export async function ask(line: Line, device: string, envelope: Uint8Array): Promise<StoredRecovery> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const body = { device_id: device, envelope: hex(envelope), recipient };
  const asked = readJson<Asked>(await line.ask(json('POST', '/v1/recoveries', body)));
  return {
    id: asked.id,
    checkCode: recoveryCheckCode(device, envelope, recipient),
    askedAtMs: Date.now(),
    expiresAtMs: Date.now() + (asked.expires_at_ms - asked.server_time_ms),
    identity,
  };
}

/** Asks whether it was approved; the answer of an approved one is kept with it. */
export async function check(line: Line, recovery: StoredRecovery): Promise<StoredRecovery> {
  const answer = readJson<Asked>(await line.ask({ method: 'GET', path: `/v1/recoveries/${recovery.id}` }));
  return answer.sealed ? { ...recovery, approved: answer.sealed } : recovery;
}

export function stateOf(recovery: StoredRecovery, nowMs: number): RecoveryState {
  const { checkCode, askedAtMs, expiresAtMs, approved } = recovery;
  const phase = approved !== undefined ? 'approved' : nowMs >= expiresAtMs ? 'expired' : 'asked';
  return { phase, checkCode, askedAtMs, expiresAtMs };
}

/** The data key of this device. */
export async function open(recovery: StoredRecovery, device: string): Promise<Bytes> {
  if (recovery.approved === undefined) throw problem('recovery.waiting');
  const decrypter = new Decrypter();
  decrypter.addIdentity(recovery.identity);
  const opened = own(await decrypter.decrypt(fromHex(recovery.approved)));
  const prefix = concat(MAGIC, fromHex(device));
  if (!sameBytes(opened.slice(0, prefix.length), prefix)) throw problem('server.answer', { detail: 'not this device' });
  return opened.slice(prefix.length);
}
