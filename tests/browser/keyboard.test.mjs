/** Everything without a pointer: only Tab, arrows, Enter, space and typed text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PIN, openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const MOST_STEPS = 120;

/** Presses Tab until the focus is where `wanted` says, and that focus shows. */
async function tabTo(page, wanted, key = 'Tab') {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const here = await page.evaluate(() => {
      const at = document.activeElement;
      const labels = at?.labels ? [...at.labels].map((label) => label.textContent) : [];
      return [at?.getAttribute('data-testid'), at?.getAttribute('aria-label'), ...labels, at?.textContent].filter(Boolean).map((text) => text.trim());
    });
    if (here.some((text) => text === wanted || text.startsWith(`${wanted}\n`))) return;
    await page.keyboard.press(key);
  }
  assert.fail(`the keyboard does not reach “${wanted}”`);
}

/** The element with the focus has an outline, itself or its chip. */
async function assertFocusShows(page) {
  const shows = await page.evaluate(() => {
    const at = document.activeElement;
    const marked = [at, at?.closest('.chip')].filter(Boolean);
    return marked.some((element) => getComputedStyle(element).outlineStyle !== 'none');
  });
  assert.ok(shows, 'the focus is not visible');
}

test('a session is enrolled for, recorded, edited and voided with the keyboard alone', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const phone = await openPhone(t, server.url, { viewport: { width: 1280, height: 800 } });
  const { page } = phone;
  const { keyboard } = page;

  await step('enrolment', async () => {
    await phone.open('not-enrolled');
    await tabTo(page, 'enrol-code');
    await keyboard.type(await server.code('binh'));
    await tabTo(page, 'enrol-pin');
    await keyboard.type(PIN);
    await tabTo(page, 'enrol-pin-again');
    await keyboard.type(PIN);
    await keyboard.press('Enter');
    await phone.phase('open');
    await phone.synced();
  });

  await step('recording', async () => {
    await tabTo(page, 'new-session');
    await assertFocusShows(page);
    await keyboard.press('Enter');
    await phone.at('finish').waitFor();
    await tabTo(page, 'village');
    await keyboard.type('na choong');
    await phone.at('village-option').filter({ hasText: 'Nà Choòng' }).first().waitFor();
    await tabTo(page, 'village-option');
    await assertFocusShows(page);
    await keyboard.press('Enter');
    await tabTo(page, 'attendances');
    await keyboard.type('20');
    await tabTo(page, 'Thêm 10, Lượt người nghe');
    await keyboard.press('Space');
    await tabTo(page, 'Phương thức, thủ đoạn mua bán người');
    await keyboard.press('Space');
    await assertFocusShows(page);
    await tabTo(page, 'finish');
    await keyboard.press('Enter');
    await phone.at('edit').waitFor();
    await phone.says(/Lượt người nghe 30\b/);
    await phone.says('Phương thức, thủ đoạn mua bán người');
  });

  await step('a mistake takes the focus to its field', async () => {
    await tabTo(page, 'edit');
    await keyboard.press('Enter');
    await phone.at('finish').waitFor();
    await tabTo(page, 'attendances');
    await keyboard.press('Control+A');
    await keyboard.type('x');
    await tabTo(page, 'finish');
    await keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.closest('[data-field=attendances]'));
    await tabTo(page, 'attendances');
    await keyboard.press('Control+A');
    await keyboard.type('31');
    await tabTo(page, 'finish');
    await keyboard.press('Enter');
    await phone.at('edit').waitFor();
    await phone.says(/Lượt người nghe 31\b/);
  });

  await step('voiding', async () => {
    await tabTo(page, 'void');
    await keyboard.press('Enter');
    await tabTo(page, 'void-reason');
    await keyboard.type('Ghi trùng');
    await tabTo(page, 'void-confirm');
    await keyboard.press('Enter');
    await page.getByText('Bản ghi đã hủy, không tính vào số liệu').waitFor();
  });

  await step('places', async () => {
    for (const place of ['Bản ghi', 'Chuyển tệp', 'Máy này', 'Trang chính']) {
      await tabTo(page, place, 'Shift+Tab');
      await keyboard.press('Enter');
      await page.locator('a[aria-current=page]', { hasText: place }).waitFor();
    }
  });
});
