/** Two phones, one session, no signal; then a line that is slow and breaks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openLink } from './harness/link.mjs';
import { openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';

async function chooseVillage(phone, letters, name) {
  await phone.at('village').fill(letters);
  await phone.at('village-option').filter({ hasText: name }).first().click();
}

async function setAttendances(phone, record, count, note) {
  await phone.go(`#/record/${record}`);
  await phone.at('edit').click();
  await phone.at('attendances').fill(String(count));
  if (note) await phone.at('note').fill(note);
  await phone.at('finish').click();
  await phone.at('edit').waitFor();
}

test('two phones that edited the same session without signal agree over a line that is slow and breaks', async (t) => {
  const server = await startServer(t);
  const link = await openLink(t, server.url);
  const binh = await openPhone(t, link.url);
  const chi = await openPhone(t, link.url);
  await binh.enrol(await server.code('binh'));
  await chi.enrol(await server.code('chi'));
  await binh.at('new-session').click();
  await chooseVillage(binh, 'na choong', 'Nà Choòng');
  await binh.at('attendances').fill('30');
  await binh.at('finish').click();
  await binh.at('edit').waitFor();
  const record = new URL(binh.page.url()).hash.split('/')[2];
  await binh.sync();
  await chi.sync();

  for (const phone of [binh, chi]) await phone.offline(true);
  link.break();
  await setAttendances(binh, record, 45, 'Bình ghi thêm');
  await setAttendances(chi, record, 50, 'Chi ghi thêm');
  // Enough that one page does not carry it all.
  for (let n = 0; n < 5; n += 1) {
    await binh.go('#/');
    await binh.at('new-session').click();
    await chooseVillage(binh, 'na choong', 'Nà Choòng');
    await binh.at('attendances').fill(String(10 + n));
    await binh.at('note').fill(`Buổi ${n}: ${'đường xa, mưa to, bà con vẫn đến đông. '.repeat(30)}`);
    await binh.at('finish').click();
    await binh.at('edit').waitFor();
  }

  link.mend();
  link.bytesPerSecond = 4_000;
  // The first answers break off in their head, in the middle, near the end.
  link.breakAfter = [60, 300, 900, 150, 700];
  for (const phone of [binh, chi]) await phone.offline(false);
  for (const phone of [binh, chi, binh, chi]) await untilSynced(phone);
  assert.ok(link.broken >= 3, `the line broke ${link.broken} times`);
  t.diagnostic(`over the slow line: ${link.connections} connections, ${link.broken} broken, ↑ ${link.up} B, ↓ ${link.down} B in all`);

  const attendancesOf = async (phone) => {
    await phone.go(`#/record/${record}`);
    await phone.at('edit').waitFor();
    return phone.page.locator('main').innerText();
  };
  for (const phone of [binh, chi]) {
    await attendancesOf(phone);
    await phone.at('conflict').first().waitFor();
    const values = await phone.at('conflict').first().innerText();
    assert.match(values, /45/);
    assert.match(values, /50/);
  }

  await t.test('one of them settles it and everybody sees the same', async () => {
    await chi.at('conflict-value').filter({ hasText: '50' }).first().click();
    const settle = chi.at('resolve');
    if (await settle.count()) await settle.first().click();
    await chi.at('conflict').first().waitFor({ state: 'detached' });
    await untilSynced(chi);
    await untilSynced(binh);
    await binh.go(`#/record/${record}`);
    await binh.at('conflict').first().waitFor({ state: 'detached' });
    const officer = await server.terminal('can.bo');
    const session = (await officer.list()).find(({ id }) => id === record);
    assert.equal(session.attendances, 50);
    assert.deepEqual(session.conflicts, []);
    const shown = JSON.parse(await officer.do('show', record.slice(0, 12), '--json'));
    assert.match(shown.view.note, /Bình ghi thêm/);
    assert.match(shown.view.note, /Chi ghi thêm/);
  });
});

/** Presses the button until a sync went through: a line that breaks makes the phone wait and try again by itself. */
async function untilSynced(phone) {
  await phone.go('#/');
  await phone.at('sync-button').waitFor();
  const before = await phone.at('sync-text').getAttribute('data-synced-at');
  const done = phone.synced(before).then(() => true);
  for (;;) {
    await phone.at('sync-button').click({ timeout: 5_000 }).catch(() => undefined);
    const settled = phone.page.locator('[data-testid=sync-text]:is([data-sync=idle], [data-sync=waiting])').waitFor();
    await settled;
    const through = await Promise.race([done, phone.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(false))))]);
    if (through) return;
  }
}
