/** A desk at headquarters: a browser as wide as a monitor, enrolled like every other device. */

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openPhone, PIN } from './phone.mjs';

const PICTURES = fileURLToPath(new URL('../../../target/screenshots', import.meta.url));
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const DESKTOP = { width: 1440, height: 900 };
/** What pages are looked at on: the last is a phone, held by an officer on the way. */
const SIZES = { tablet: { width: 820, height: 1180 }, phone: { width: 390, height: 844 }, desktop: DESKTOP };
/** Draws maps without a graphics card. */
const WEBGL = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

/** A browser at a desk of one person, where the role begins; `flags` stand in the place of those that draw maps. */
export async function openDesk(t, server, username, flags = WEBGL) {
  const phone = await openPhone(t, server.url, { viewport: DESKTOP, flags, acceptDownloads: true });
  const code = await server.code(username);
  await phone.open('not-enrolled');
  await phone.at('enrol-code').fill(code);
  await phone.at('enrol-pin').fill(PIN);
  await phone.at('enrol-pin-again').fill(PIN);
  await phone.at('enrol-submit').click();
  await phone.phase('open');
  await phone.at('hq').waitFor();
  return new Desk(phone);
}

export class Desk {
  constructor(phone) {
    this.phone = phone;
    this.page = phone.page;
  }

  at(id) {
    return this.phone.at(id);
  }

  says(text, where) {
    return this.phone.says(text, where);
  }

  /** Opens a page of headquarters by its address, `inbox/amended`, and waits until it is there and has loaded. */
  async open(page, query = {}) {
    const text = new URLSearchParams(query).toString();
    // Away and back, so that what it shows is asked for anew.
    await this.phone.go('#/hq/none');
    await this.page.locator('[data-testid=hq-page]:not([data-page])').waitFor();
    await this.phone.go(`#/hq/${page}${text && `?${text}`}`);
    await this.page.locator(`[data-testid=hq-page][data-page="${page.split('/')[0]}"] h1`).waitFor();
    await this.loaded();
  }

  /** Waits until nothing is awaited any more. */
  async loaded() {
    await this.page.waitForFunction(() => !document.querySelector('[data-testid=hq-loading], [aria-busy=true]'));
  }

  /** A row of a table by its key. */
  row(testid, id) {
    return this.page.locator(`[data-testid="${testid}"][data-id="${id}"]`);
  }

  /** The texts of a row's cells, white space as one space. */
  cells(row) {
    return row.locator('th, td').evaluateAll((cells) => cells.map((cell) => cell.textContent.replace(/\s+/g, ' ').trim()));
  }

  async choose(testid, value) {
    await this.at(testid).selectOption(value);
    await this.loaded();
  }

  /** Pixels of a picture of an element that have a colour, `[red, green, blue]`. */
  async pixels(element, colour) {
    const picture = (await element.screenshot()).toString('base64');
    return this.page.evaluate(
      async ([base64, wanted]) => {
        const bytes = Uint8Array.from(atob(base64), (of) => of.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, image.width, image.height);
        let found = 0;
        for (let at = 0; at < data.length; at += 4) if (wanted.every((of, part) => Math.abs(data[at + part] - of) < 4)) found += 1;
        return found;
      },
      [picture, colour],
    );
  }

  /** Presses what starts a download; answers its name and bytes. */
  async download(press) {
    const [file] = await Promise.all([this.page.waitForEvent('download'), press()]);
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }

  /** What axe finds on the page as it is, in a window as high as the page. */
  async objections() {
    const size = this.page.viewportSize();
    const height = await this.page.evaluate(() => document.documentElement.scrollHeight);
    await this.page.setViewportSize({ width: size.width, height: Math.max(size.height, height + 50) });
    // Playwright evaluates this outside of the page's security policy.
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }), RULES);
    await this.page.setViewportSize(size);
    return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
  }

  /** Where a picture of a page is kept; git does not. */
  picture(name) {
    return join(PICTURES, `hq-${name}.png`);
  }

  /** What is wider than its window and would have to be scrolled to sideways. */
  overhang() {
    return this.page.evaluate(() => {
      if (document.documentElement.scrollWidth <= innerWidth) return [];
      return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => `${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 40)}`);
    });
  }

  /** At each size nothing axe objects to, nothing wider than its window, and a picture of the page. */
  async inspect(name) {
    await mkdir(PICTURES, { recursive: true });
    const found = [];
    for (const [label, size] of Object.entries(SIZES)) {
      await this.page.setViewportSize(size);
      for (const objection of await this.objections()) found.push(`${label}: ${objection}`);
      for (const element of await this.overhang()) found.push(`${label}: too wide: ${element}`);
      await this.page.screenshot({ path: this.picture(`${name}-${label}`) });
    }
    assert.deepEqual(found, [], name);
  }
}
