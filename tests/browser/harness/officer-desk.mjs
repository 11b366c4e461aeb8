/** A desk at headquarters: a wide browser of an officer, and what its tests ask of it. */

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openPhone, PIN } from './phone.mjs';

const PICTURES = fileURLToPath(new URL('../../../target/screenshots', import.meta.url));
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** A desk, a tablet held upright, a phone. */
const SIZES = [[1440, 900], [820, 1180], [390, 844]];

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A browser at a desk, enrolled; it stands where its role begins. */
export async function openDesk(t, server, username, options = {}) {
  const desk = await openPhone(t, server.url, { viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
  await desk.open('not-enrolled');
  await desk.at('enrol-code').fill(await server.code(username));
  await desk.at('enrol-pin').fill(PIN);
  await desk.at('enrol-pin-again').fill(PIN);
  await desk.at('enrol-submit').click();
  await desk.phase('open');
  await desk.at('hq').waitFor();
  return desk;
}

/** Opens a page of headquarters and waits until it is there. */
export async function openPage(desk, place) {
  // Away and back, so that what it shows is asked for anew.
  await desk.go('#/hq/none');
  await desk.page.locator('[data-testid=hq-page]:not([data-page])').waitFor();
  await desk.go(`#/hq/${place}`);
  await desk.page.locator(`[data-testid=hq-page][data-page=${place.split(/[/?]/)[0]}] h1`).waitFor();
  await desk.page.getByTestId('hq-loading').first().waitFor({ state: 'detached' });
}

/** What axe objects to on the page that shows. */
export async function objections(page) {
  // Playwright evaluates this outside of the page's security policy.
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }), RULES);
  return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

/** What is wider than its window and would have to be scrolled to sideways. */
function overhang(page) {
  return page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .map((element) => `${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 40)}`);
  });
}

/**
 * Takes a picture of the page at a desk, on a tablet and on a phone into `target/screenshots`; answers what axe objects to and
 * what hangs over at any of them.
 */
export async function inspect(desk, name) {
  const { page } = desk;
  await mkdir(PICTURES, { recursive: true });
  const found = [];
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const objection of await objections(page)) found.push(`${width}: ${objection}`);
    for (const element of await overhang(page)) found.push(`${width}: too wide: ${element}`);
    await page.screenshot({ path: join(PICTURES, `hq-${name}-${width}.png`) });
  }
  await page.setViewportSize({ width: SIZES[0][0], height: SIZES[0][1] });
  return found;
}

/** What a press of a button saves. */
export async function saved(desk, press) {
  const [download] = await Promise.all([desk.page.waitForEvent('download'), press()]);
  return { name: download.suggestedFilename(), buffer: await readFile(await download.path()) };
}
