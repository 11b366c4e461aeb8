/**
 * A phone: Chromium with a profile of its own on disk, so that it can be closed and started again with what it kept.
 *
 * `CHROMIUM` names the browser; without it `/usr/bin/chromium` is taken.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

/** How long a thing may take to appear before the test is over; never how long it should take. */
const WAIT_MS = 20_000;

export const PIN = '246813';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export class Phone {
  #profile;
  #options;
  #flags;
  /** What the browser complained about: scripts that failed, rules of the security policy that were broken. */
  complaints = [];

  constructor(url, profile, { flags = [], ...options }) {
    this.url = url;
    this.#profile = profile;
    this.#flags = flags;
    this.#options = options;
  }

  async start() {
    this.context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: [...FLAGS, ...this.#flags],
      locale: 'vi-VN',
      timezoneId: 'Asia/Ho_Chi_Minh',
      viewport: { width: 360, height: 740 },
      ...this.#options,
    });
    this.context.setDefaultTimeout(WAIT_MS);
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.page.on('pageerror', (error) => this.complaints.push(`script: ${error.message}`));
    this.page.on('console', (message) => {
      if (/Content Security Policy|violates/i.test(message.text())) this.complaints.push(message.text());
    });
    return this;
  }

  /** Opens the app, or a place in it, and waits until the device has reached a phase. */
  async open(phase, place = '') {
    await this.page.goto(`${this.url}/${place}`);
    await this.phase(phase);
  }

  phase(phase) {
    return this.page.locator(`[data-testid=phase][data-phase=${phase}]`).waitFor();
  }

  /** An element by its test id. */
  at(id) {
    return this.page.getByTestId(id);
  }

  /** Waits until an element, by default the whole screen, says this; white space counts as one space. */
  says(text, where = this.page.locator('main')) {
    return where.filter({ hasText: text }).waitFor();
  }

  async enrol(code, pin = PIN) {
    await this.open('not-enrolled');
    await this.at('enrol-code').fill(code);
    await this.at('enrol-pin').fill(pin);
    await this.at('enrol-pin-again').fill(pin);
    await this.at('enrol-submit').click();
    await this.phase('open');
    await this.synced();
  }

  async unlock(pin = PIN) {
    await this.phase('locked');
    await this.at('unlock-pin').fill(pin);
    await this.at('unlock-submit').click();
    await this.phase('open');
  }

  /** Goes to a place within the app that is open. */
  async go(place) {
    await this.page.evaluate((to) => (location.hash = to), place);
  }

  /** Waits until both sides hold the same, later than at `before`, and nothing is under way. */
  async synced(before = '0') {
    await this.page.locator(`[data-testid=sync-text][data-sync=idle]:not([data-synced-at="${before}"])`).waitFor();
  }

  /** Presses the button and waits until both sides hold the same. */
  async sync() {
    await this.go('#/');
    await this.at('sync-button').waitFor();
    const before = await this.at('sync-text').getAttribute('data-synced-at');
    await this.at('sync-button').click();
    await this.synced(before);
  }

  offline(is) {
    return this.context.setOffline(is);
  }

  /** Where the browser keeps everything. */
  get profile() {
    return this.#profile;
  }

  /** The browser's process, the parent of all others of it. */
  async pid() {
    const lock = await readlink(join(this.#profile, 'SingletonLock'));
    return Number(lock.split('-').at(-1));
  }

  /** Ends the browser as a dead battery does: nobody is told. */
  async kill() {
    const gone = new Promise((resolve) => this.context.once('close', resolve));
    process.kill(await this.pid(), 'SIGKILL');
    await gone;
    await Promise.all(['SingletonLock', 'SingletonCookie', 'SingletonSocket'].map((name) => rm(join(this.#profile, name), { force: true })));
  }

  /** Closes the browser; `start` opens it again with what it kept. */
  stop() {
    return this.context.close();
  }
}

/** A phone for one test, with more `flags` of Chromium if need be; at its end nothing may have been complained about. */
export async function openPhone(t, url, options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'banlang-phone-'));
  const phone = new Phone(url, profile, options);
  t.after(async () => {
    await phone.context?.close().catch(() => undefined);
    await rm(profile, { recursive: true, force: true });
    assert.deepEqual(phone.complaints, []);
  });
  return phone.start();
}
