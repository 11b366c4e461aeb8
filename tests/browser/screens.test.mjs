/**
 * Every main screen in both languages: nothing axe objects to, nothing a thumb in a glove misses, nothing wider than a
 * phone of 320 pixels with text at 200 %, and a picture of each in `target/screenshots` for whoever wants to look.
 */

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ALLOWED, CAMERA, giveReader } from './harness/camera.mjs';
import { openPhone } from './harness/phone.mjs';
import { prepare, reopen, screens } from './harness/screens.mjs';
import { startServer } from './harness/server.mjs';

const PICTURES = fileURLToPath(new URL('../../target/screenshots', import.meta.url));
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LEAST_PX = 48;

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds. It is given a window as high as the page, so that the dock covers nothing. */
async function objections(page) {
  const size = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, height + 200) });
  // Playwright evaluates this outside of the page's security policy.
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }), RULES);
  await page.setViewportSize(size);
  return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

/** Controls smaller than a thumb, links within running text left out. */
function smallTargets(page) {
  return page.evaluate((least) => {
    const controls = document.querySelectorAll('a, button, summary, label.chip, .input');
    return [...controls]
      .map((control) => ({ name: control.textContent.trim().slice(0, 40) || control.className, box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < least - 0.5 || box.height < least - 0.5))
      .map(({ name, box }) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`);
  }, LEAST_PX);
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

async function setText(page, px) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.enable');
  await session.send('Page.setFontSizes', { fontSizes: { standard: px, fixed: px } });
}

test('every screen is legible, reachable and narrow enough, in both languages', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url, { flags: [...CAMERA, ...ALLOWED] });
  await giveReader(phone);
  await mkdir(PICTURES, { recursive: true });

  await t.test('enrolment', async () => {
    await phone.open('not-enrolled');
    assert.deepEqual(await objections(phone.page), []);
    assert.deepEqual(await smallTargets(phone.page), []);
    await phone.page.screenshot({ path: join(PICTURES, 'enrol-360.png') });
  });

  await t.test('the scanner of QR codes', async () => {
    await phone.at('scan').click();
    await phone.at('scanner').waitFor();
    assert.deepEqual(await objections(phone.page), []);
    assert.deepEqual(await smallTargets(phone.page), []);
    for (const [width, height, text] of [[320, 640, 32], [1280, 800, 16], [360, 740, 16]]) {
      await setText(phone.page, text);
      await phone.page.setViewportSize({ width, height });
      assert.deepEqual(await overhang(phone.page), [], `${width} px at ${text} px text`);
      await phone.page.screenshot({ path: join(PICTURES, `scan-${width}${text === 16 ? '' : '-large'}.png`) });
    }
    await phone.at('type-code').click();
  });

  const ids = await prepare(server, phone);

  for (const lang of ['vi', 'en']) {
    await phone.go('#/phone');
    await phone.page.locator(`input[value=${lang}]`).check();
    await phone.page.locator(`html[lang=${lang}]`).waitFor();
    for (const [name, show] of screens(ids)) {
      await t.test(`${name}, ${lang}`, async () => {
        await show(phone);
        await phone.page.locator('h1').first().waitFor();
        assert.deepEqual(await objections(phone.page), []);
        assert.deepEqual(await smallTargets(phone.page), []);
        for (const [width, height, text] of [[320, 640, 16], [320, 640, 32], [1280, 800, 16], [360, 740, 16]]) {
          await setText(phone.page, text);
          await phone.page.setViewportSize({ width, height });
          assert.deepEqual(await overhang(phone.page), [], `${width} px at ${text} px text`);
          const mark = [lang === 'vi' ? '' : `-${lang}`, text === 16 ? '' : '-large'].join('');
          if (width !== 320 || text === 32) await phone.page.screenshot({ path: join(PICTURES, `${name}-${width}${mark}.png`) });
        }
      });
    }
    await reopen(phone);
  }

  for (const look of ['sun', 'night']) {
    await t.test(`the look "${look}"`, async () => {
      await phone.go('#/phone');
      await phone.page.locator(`input[value=${look}]`).check();
      for (const [name, show] of screens(ids).filter(([name]) => ['home', 'conflict', 'session'].includes(name))) {
        await show(phone);
        assert.deepEqual(await objections(phone.page), []);
        await phone.page.screenshot({ path: join(PICTURES, `${name}-360-${look}.png`) });
      }
    });
  }
});
