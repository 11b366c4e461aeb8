/**
 * A device in this process, on the same core as the phones: for as many records as nobody would type. Its store is
 * memory; what it signs and sends is what any device does.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const coreFile = (name) => new URL(`../../../server/web/src/device/core/${name}`, import.meta.url);

export class BulkDevice {
  #core;
  #key;
  #pending = [];
  #batches = new Map();
  #serial = 0;
  #counter = 0n;
  /** What its clock shows, less what is so. */
  clockAheadMs = 0;
  /** Numbers of batches that its damaged store does not read any more. */
  unreadable = new Set();

  constructor(url) {
    this.url = url;
  }

  async enrol(code) {
    this.lib = await import(coreFile('core.js'));
    this.lib.initSync({ module: await readFile(coreFile('core_bg.wasm')) });
    this.#key = generateKeyPairSync('ed25519');
    const publicKey = this.#key.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const shown = this.lib.readCode(code);
    const grant = await this.#ask('/v1/enrolments', 'application/json', {
      code: shown,
      label: 'bulk',
      public_key: publicKey.toString('hex'),
      signature: Buffer.from(this.#sign(this.lib.enrolmentStatement(shown, publicKey))).toString('hex'),
    });
    const { certificate, server } = grant;
    this.token = grant.access_token;
    this.recorder = certificate.recorder;
    this.device = certificate.device_id;
    this.actor = certificate.device_id + randomBytes(8).toString('hex');
    const receiptKeys = server.keys.filter(({ purpose }) => purpose === 'receipt').map(({ kid, key }) => [kid, key]);
    this.#core = new this.lib.Core(
      {
        device: certificate.device_id,
        public_key: publicKey.toString('hex'),
        certificate: certificate.no,
        certificate_text: certificate.jwt,
        recorder: certificate.recorder,
        name: certificate.display_name,
        role: certificate.role,
        areas: certificate.areas,
        servers: server.log_device_ids,
        receipt_keys: receiptKeys,
      },
      { chains: [], withheld: [], pending: [], directory: [] },
      1 << 22,
      1 << 20,
    );
    return this;
  }

  #sign(message) {
    return sign(null, message, this.#key.privateKey);
  }

  async #ask(path, contentType, value) {
    const body = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value));
    const headers = { 'content-type': contentType };
    if (this.token) {
      this.#counter += 1n;
      const counter = Buffer.alloc(8);
      counter.writeBigUInt64BE(this.#counter);
      const proof = this.#sign(this.lib.proofStatement('POST', path, body, this.token, this.#counter));
      headers.authorization = `Bearer ${this.token}`;
      headers['banlang-proof'] = Buffer.concat([counter, proof]).toString('base64url');
    }
    const response = await fetch(this.url + path, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return contentType === 'application/json' ? response.json() : new Uint8Array(await response.arrayBuffer());
  }

  /** Records a session; what the form does not say stays empty. */
  async record(area, form, at) {
    const whole = { ...EMPTY, ...form, area };
    this.#serial += 1;
    const made = this.lib.createSession(whole, { actor: this.actor, recorder: this.recorder, at }, BigInt(this.#serial));
    this.#core.recorded(area, made.kind, made.record, made.bytes);
    await this.#work();
  }

  async sync() {
    let end;
    const ended = new Promise((resolve) => (end = resolve));
    this.onNotice = (notice) => ['synced', 'stopped'].includes(notice.notice) && end(notice);
    this.#core.syncRequested(Date.now() + this.clockAheadMs);
    await this.#work();
    const notice = await ended;
    if (notice.notice !== 'synced') throw new Error(`the bulk device stopped: ${notice.reason}`);
  }

  async #work() {
    for (let effect = this.#core.poll(); effect; effect = this.#core.poll()) await this.#carryOut(effect);
  }

  async #carryOut(effect) {
    const core = this.#core;
    switch (effect.effect) {
      case 'persist':
        for (const write of effect.writes) this.#write(write);
        return core.persisted(effect.ticket);
      case 'sign':
        return core.signed(this.#sign(effect.message));
      case 'read_pending': {
        const of = this.#pending.filter(({ area }) => area === effect.area).slice(0, effect.at_most);
        return core.pendingRead(of.map(({ kind, record, bytes }) => ({ kind, record, bytes })));
      }
      case 'read_log': {
        const log = this.#batches.get(effect.log) ?? [];
        const next = log.slice(effect.after, effect.after + 4);
        return core.logRead(next.filter((_, at) => !this.unreadable.has(effect.after + at + 1)));
      }
      case 'send':
        return core.received(await this.#ask('/v1/sync', 'application/vnd.banlang.sync', effect.request));
      case 'fetch_snapshot':
        return core.failed();
      case 'renew_actor':
        this.actor = this.device + randomBytes(8).toString('hex');
        return;
      case 'notify':
        return this.onNotice?.(effect.notice);
    }
  }

  #write(write) {
    if (write.write === 'add_pending') this.#pending.push(write);
    if (write.write !== 'put_batch') return;
    const log = this.#batches.get(write.log) ?? [];
    log.push(write.batch);
    this.#batches.set(write.log, log);
    const sealed = new Set(write.entries.map(({ change }) => change));
    this.#pending = this.#pending.filter(({ change }) => !sealed.has(change));
  }
}

const EMPTY = {
  date: null,
  start: null,
  duration: null,
  village: null,
  place_kind: null,
  gps: null,
  format: null,
  setting: null,
  attendances: null,
  women: null,
  under_16: null,
  minority: null,
  count_basis: null,
  households: null,
  pledges: null,
  broadcasts: null,
  broadcast_minutes: null,
  lead_unit: null,
  topics: [],
  languages: [],
  partners: [],
  difficulties: [],
  hotlines: [],
  team: {},
  material: {},
  note: '',
};
