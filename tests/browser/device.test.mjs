/** What the phone itself promises: it starts without signal, loses nothing, reads to nobody, has one writer. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { openPhone, PIN } from './harness/phone.mjs';
import { dumpOrigin, filesWith } from './harness/raw.mjs';
import { startServer } from './harness/server.mjs';

async function chooseVillage(phone, letters, name) {
  await phone.at('village').fill(letters);
  await phone.at('village-option').filter({ hasText: name }).first().click();
}

/** A finished session with a note; answers its id. */
async function recordSession(phone, note) {
  await phone.go('#/');
  await phone.at('new-session').click();
  await chooseVillage(phone, 'na choong', 'Nà Choòng');
  await phone.at('attendances').fill('42');
  if (note) await phone.at('note').fill(note);
  await phone.at('finish').click();
  await phone.at('edit').waitFor();
  return new URL(phone.page.url()).hash.split('/')[2];
}

test('after one visit the app starts, records and keeps without a network', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  await phone.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await server.stop();
  await phone.stop();

  await phone.start();
  await phone.offline(true);
  await phone.open('locked');
  await phone.unlock();
  const finished = await recordSession(phone);

  await t.test('a form that was not finished is there again after the browser died', async () => {
    await phone.go('#/');
    await phone.at('new-session').click();
    await chooseVillage(phone, 'na choong', 'Nà Choòng');
    await phone.at('note').fill('Đang ghi dở thì máy hết pin');
    await phone.page.locator('[data-testid=draft-state][data-saving=saved]').waitFor();
    await phone.kill();
    await phone.start();
    await phone.offline(true);
    await phone.open('locked');
    await phone.unlock();
    await phone.go('#/');
    await phone.at('draft-row').first().click();
    assert.equal(await phone.at('note').inputValue(), 'Đang ghi dở thì máy hết pin');
    await phone.at('attendances').fill('7');
    await phone.at('finish').click();
    await phone.at('edit').waitFor();
  });

  await t.test('what was recorded goes out once there is a server again', async () => {
    await server.start();
    await phone.offline(false);
    await phone.sync();
    const officer = await server.terminal('can.bo');
    const ids = (await officer.list()).map(({ id }) => id);
    assert.equal(ids.length, 2);
    assert.ok(ids.includes(finished));
  });
});

test('the raw storage holds nothing readable of records, places or people', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  const note = 'Bướm vàng đậu mái đình';
  await recordSession(phone, note);
  await phone.go('#/');
  await phone.at('new-session').click();
  await phone.at('note').fill('Nháp về chuồn chuồn đỏ');
  await phone.sync();
  const words = ['Bướm vàng', 'chuồn chuồn', 'Nà Choòng', 'Nguyễn Bình', 'binh', 'Hoành Mô', '06841', 'village_meeting'];

  const { text, rows } = await dumpOrigin(phone.page);
  assert.ok(rows > 8, `the dump saw the store: ${rows} rows`);
  for (const word of words) assert.ok(!text.includes(word), `readable: ${word}`);
  const device = (await server.banlang('device', 'list')).slice(0, 16);
  assert.ok(text.includes(device), 'the dump reads what is stored in the open: the device id');

  await t.test('the files of the profile hold none of it either', async () => {
    await phone.stop();
    assert.deepEqual(await filesWith(phone.profile, ['Bướm vàng', 'chuồn chuồn đỏ', 'Nà Choòng', 'Nguyễn Bình', 'Hoành Mô']), []);
  });
});

test('a second tab waits, says so, and gets the device when it asks', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  await phone.at('new-session').click();
  await phone.at('note').fill('Ghi ở thẻ thứ nhất');

  const second = await phone.context.newPage();
  await second.goto(phone.url);
  const phase = (page, name) => page.locator(`[data-testid=phase][data-phase=${name}]`).waitFor();
  await phase(second, 'waiting');
  await second.getByTestId('take-over').click();
  await phase(second, 'locked');
  await phase(phone.page, 'waiting');
  await second.getByTestId('unlock-pin').fill(PIN);
  await second.getByTestId('unlock-submit').click();
  await phase(second, 'open');
  await second.getByTestId('draft-row').first().click();
  assert.equal(await second.getByTestId('note').inputValue(), 'Ghi ở thẻ thứ nhất');

  await t.test('and the first goes on when the second is closed', async () => {
    await second.close();
    await phase(phone.page, 'locked');
    await phone.unlock();
  });
});

test('storage that was cleared is noticed, explained, and what the server has comes back', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  const id = await recordSession(phone);
  await phone.sync();
  // What a browser evicts: databases, caches, workers; not cookies.
  const session = await phone.context.newCDPSession(phone.page);
  await phone.page.goto('about:blank');
  await session.send('Storage.clearDataForOrigin', {
    origin: server.url,
    storageTypes: 'indexeddb,local_storage,cache_storage,service_workers,file_systems',
  });
  await phone.open('not-enrolled');
  await phone.at('storage-cleared').waitFor();
  await phone.enrol(await server.code('binh'));
  await phone.go(`#/record/${id}`);
  await phone.page.getByText('Nà Choòng').first().waitFor();
});

test('wrong PINs are counted over restarts and have to wait', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  const lock = () =>
    phone.page.evaluate(
      () =>
        new Promise((resolve) => {
          indexedDB.open('banlang').onsuccess = ({ target: { result: db } }) => {
            db.transaction('plain').objectStore('plain').get('lock').onsuccess = ({ target: { result } }) => {
              db.close();
              resolve({ failures: result.failures, retryAtMs: result.retryAtMs, now: Date.now() });
            };
          };
        }),
    );
  await phone.page.reload();
  await phone.phase('locked');
  for (let tries = 1; tries <= 4; tries += 1) {
    await phone.at('unlock-pin').fill('000000');
    await phone.at('unlock-submit').click();
    await phone.page.waitForFunction(() => document.querySelector('[role=alert], .error, [data-testid=unlock-trouble]'));
    while ((await lock()).failures < tries);
  }
  await phone.stop();
  await phone.start();
  await phone.open('locked');
  const { failures, retryAtMs, now } = await lock();
  assert.equal(failures, 4);
  assert.ok(retryAtMs > now - 5_000, 'the fourth has to wait');
});

test('a forgotten PIN loses no record: headquarters approves the code the phone shows', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  await phone.offline(true);
  const id = await recordSession(phone, 'Chỉ có trên máy này');
  await phone.page.reload();
  await phone.phase('locked');
  await phone.offline(false);
  await phone.at('forgot-pin').click();
  await phone.at('recover-ask').click();
  const code = await phone.at('recover-code').innerText();
  const device = (await server.banlang('device', 'recoveries')).slice(0, 16);
  await assert.rejects(server.banlang('device', 'recover', device, 'ABCD-EFGH-JK'), 'a code that is none');
  await server.banlang('device', 'recover', device, code);
  await phone.at('recover-check').click();
  await phone.at('recover-pin').fill('975310');
  await phone.at('recover-pin-again').fill('975310');
  await phone.at('recover-finish').click();
  await phone.phase('open');
  await phone.go(`#/record/${id}`);
  await phone.page.getByText('Chỉ có trên máy này').first().waitFor();

  await phone.page.reload();
  await phone.unlock('975310');
});

test('a phone that is revoked hands over what only it holds', async (t) => {
  const server = await startServer(t);
  const officer = await server.terminal('can.bo');
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  const device = (await server.banlang('device', 'list')).split('\n').find((line) => line.includes('binh')).slice(0, 16);
  await phone.offline(true);
  const id = await recordSession(phone);
  await server.banlang('device', 'revoke', device, '--reason', 'mất máy');
  await phone.offline(false);
  await phone.go('#/');
  await phone.page.locator('[data-testid=sync-text][data-sync=shut-out]').waitFor();
  const held = await server.banlang('call', '--store', officer.store, 'GET', '/v1/quarantine');
  assert.ok(held.includes(id), held);
  await phone.go(`#/record/${id}`);
  await phone.page.getByText('Máy chủ đã nhận').first().waitFor();
});

test('what the server keeps and does not count is marked with its reason, until an officer takes it in', async (t) => {
  const server = await startServer(t);
  const officer = await server.terminal('can.bo');
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  await phone.offline(true);
  const id = await recordSession(phone);
  // The commune of that village is another's now.
  await server.banlang('user', 'areas', 'binh', '2025-06856');
  await phone.offline(false);
  await phone.sync();
  await phone.at('held-n').click();
  await phone.says(/Chưa được tính/, phone.at('record-row').first());
  await phone.go(`#/record/${id}`);
  await phone.says(/chờ cán bộ xem xét, chưa tính/, phone.at('held'));
  const said = await phone.at('held').locator('.said').innerText();
  t.diagnostic(`the reason: ${said}`);
  assert.match(said, /Địa bàn nằm ngoài phạm vi/);

  const call = (...args) => server.banlang('call', '--store', officer.store, ...args);
  const [kept] = JSON.parse(await call('GET', '/v1/quarantine')).items.filter(({ record }) => record === id);
  // The server seals what is taken in, with a key that the phone has not heard of yet.
  await server.banlang('key', 'rotate', '--purpose', 'log');
  await server.stop();
  await server.start();
  await call('POST', `/v1/quarantine/${kept.batch}/${kept.ordinal}/release`, '--data', '{"reason":"đã hỏi lại người ghi"}');
  await phone.sync();
  await phone.go(`#/record/${id}`);
  await phone.at('edit').waitFor();
  await phone.at('held').waitFor({ state: 'detached' });
  await phone.go('#/');
  assert.equal(await phone.page.getByText('không xác minh được chữ ký').count(), 0);
});

test('a server that was put back to a backup gets back what the phone holds', async (t) => {
  const server = await startServer(t);
  const officer = await server.terminal('can.bo');
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  const before = await recordSession(phone);
  await phone.sync();
  const backup = join(server.directory, 'old.db');
  await server.banlang('backup', backup);
  const after = await recordSession(phone, 'Sau bản sao lưu');
  await phone.sync();
  // What the officer wrote after the backup is on the phone alone once the officer's device is gone.
  await officer.do('sync');
  await officer.do('review', 'return', after.slice(0, 12), '--comment', 'Bổ sung hình thức');
  await officer.do('sync');
  await phone.sync();
  await server.stop();
  await server.banlang('restore', backup);
  await server.start();

  await phone.sync();
  await phone.page.getByText('Máy chủ vừa được khôi phục').waitFor();
  const last = await recordSession(phone, 'Sau khi khôi phục');
  await phone.sync();
  await phone.sync();
  const reader = await server.terminal('chi');
  const ids = (await reader.list()).map(({ id }) => id);
  for (const id of [before, after, last]) assert.ok(ids.includes(id), `${id} in ${ids}`);
  const shown = await reader.do('show', after.slice(0, 12), '--json');
  assert.match(shown, /Bổ sung hình thức/);
  assert.match(await server.banlang('verify'), /./);
});
