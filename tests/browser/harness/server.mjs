/**
 * A real `banlang serve` on loopback with a database of its own, and terminal devices of colleagues and officers.
 *
 * `BROWSER_PROGRAM` names the program; without it the debug build of the workspace is taken.
 */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = process.env.BROWSER_PROGRAM ?? fileURLToPath(new URL('../../../target/debug/banlang', import.meta.url));

/** Everybody's password. */
export const PASSWORD = 'suoi-reo-duoi-nui-2026';

/** People of one commune; every test knows them by name. */
const PEOPLE = [
  { username: 'binh', name: 'Nguyễn Bình', role: 'guard', areas: ['2025-06841', '2025-06856'] },
  { username: 'chi', name: 'Trần Chi', role: 'guard', areas: ['2025-06841', '2025-06856'] },
  { username: 'can.bo', name: 'Lê Thị Cán', role: 'officer', areas: ['2025-06841', '2025-06856'] },
];

function codeIn(said) {
  const found = /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}/.exec(said);
  if (!found) throw new Error(`no code in: ${said}`);
  return found[0];
}

export class Server {
  #process;

  /** @param {string} directory where the database and the terminal devices live */
  constructor(directory) {
    this.directory = directory;
    this.url = '';
  }

  get #environment() {
    return { ...process.env, BANLANG_DATA_DIR: join(this.directory, 'data'), BANLANG_LANG: 'en' };
  }

  /** Runs `banlang …` beside the server; answers what it said. */
  async banlang(...args) {
    return (await this.#run(args, '')).said;
  }

  #run(args, input) {
    return new Promise((resolve, reject) => {
      const child = execFile(program, args, { cwd: this.directory, env: this.#environment }, (error, said, besides) => {
        if (error) reject(error);
        else resolve({ said, besides });
      });
      // Who reads nothing may be gone before it is written.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  async prepare() {
    await this.banlang('init');
    await this.banlang('reference', 'supplied', '--sample');
    for (const person of PEOPLE) await this.person(person);
  }

  /** One person more. */
  async person({ username, name, role, areas = [] }) {
    const args = ['user', 'add', username, '--name', name, '--role', role, '--password-stdin', ...areas.flatMap((area) => ['--area', area])];
    await this.#run(args, `${PASSWORD}\n`);
  }

  /** Starts serving, on the port of the last time if there was one. */
  async start() {
    const listen = this.url ? new URL(this.url).host : '127.0.0.1:0';
    const child = spawn(program, ['serve', '--set', `listen=${listen}`], {
      cwd: this.directory,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#process = child;
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) {
      const found = /Listening on (http:\S+)/.exec(line);
      if (found) {
        this.url = found[1];
        return;
      }
    }
    throw new Error(`the server ended with ${child.exitCode}`);
  }

  async stop() {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  /** A single-use enrolment code for a person. */
  async code(username) {
    return codeIn(await this.banlang('device', 'enrol-code', username));
  }

  /** The same with its QR code, as lines of a terminal. */
  async printed(username) {
    const { said, besides } = await this.#run(['device', 'enrol-code', username, '--qr', this.url], '');
    return { code: codeIn(said), drawn: besides.split('\n').filter((line) => /^[ ▀▄█]+$/.test(line)) };
  }

  /** A terminal device of a person, enrolled and in step with the server. */
  async terminal(username) {
    const terminal = new Terminal(this, join(this.directory, `terminal-${username}`));
    await terminal.do('enrol', '--server', this.url, '--code', await this.code(username));
    await terminal.do('sync');
    return terminal;
  }
}

/** `banlang field` with a store of its own. */
export class Terminal {
  constructor(server, store) {
    this.server = server;
    this.store = store;
  }

  do(...args) {
    return this.server.banlang('field', '--store', this.store, ...args);
  }

  async list() {
    return JSON.parse(await this.do('list', '--json'));
  }

  /** Records a session; answers its id. */
  async record(village, attendances, ...flags) {
    const said = await this.do('record', '--village', village, '--attendances', String(attendances), '--format', 'village_meeting', ...flags, '--json');
    return JSON.parse(said).id;
  }

  /** A session in this device's list. */
  async line(id) {
    return (await this.list()).find((of) => of.id === id);
  }

  /** What the API answers to a signed request of this device. */
  async call(method, path, body) {
    const data = body === undefined ? [] : ['--data', JSON.stringify(body)];
    return JSON.parse(await this.server.banlang('call', method, path, '--store', this.store, ...data));
  }
}

/** A server for one test file, gone when the test is over. */
export async function startServer(t) {
  const directory = await mkdtemp(join(tmpdir(), 'banlang-browser-'));
  const server = new Server(directory);
  t.after(async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });
  await server.prepare();
  await server.start();
  return server;
}
