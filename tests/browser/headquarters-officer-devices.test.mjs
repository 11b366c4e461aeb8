/** Devices on an officer's desk: what has not arrived, whose clock is off, who forgot a PIN, who is shut out, who is new. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import jsQR from 'jsqr';

import { BulkDevice } from './harness/bulk.mjs';
import { openDesk } from './harness/desk.mjs';
import { row } from './harness/inbox.mjs';
import { openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const HOANH_MO = '2025-06841';

test('what a device has not brought, and how far its clock is off, is on the page of devices', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const desk = await openDesk(t, server, 'can.bo');
  const device = await new BulkDevice(server.url).enrol(await server.code('binh'));
  const line = desk.row('device-row', device.device);
  const bring = async (attendances) => {
    await device.record(HOANH_MO, { date: '2026-10-05', village: `name:Thôn ${attendances}`, format: 'school', attendances }, Date.UTC(2026, 9, 5));
    return device.sync();
  };

  await step('a device that brought everything and whose clock is right has nothing to look at', async () => {
    await bring(1);
    await desk.open('devices');
    await desk.says('đủ', line);
    await desk.says('đúng', line);
    await desk.at('only-odd').click();
    await line.waitFor({ state: 'detached' });
  });

  await step('records known to exist that have not arrived are counted, and what follows them waits', async () => {
    device.unreadable = new Set([2, 3]);
    for (const attendances of [2, 3, 4]) await assert.rejects(bring(attendances), /the bulk device stopped/);
    await desk.open('devices', { odd: 'true' });
    await desk.says(/2 lô/, line);
    await desk.says(/1 thay đổi chờ/, line);
    await desk.inspect('devices-gaps');
    await line.click();
    const log = desk.at('device-dialog').locator('tbody tr');
    await log.waitFor();
    await desk.says(/2 lô bản ghi biết là có/, desk.at('missing'));
    assert.deepEqual(await desk.cells(log), ['Xã Hoành Mô', '1', '0', '2–3', '4']);
    await desk.inspect('device-gaps');
    await desk.page.keyboard.press('Escape');
  });

  await step('a clock that is off is told with its direction', async () => {
    device.clockAheadMs = 26.5 * 60_000;
    await assert.rejects(bring(5), /the bulk device stopped/);
    await desk.open('devices');
    await desk.says('nhanh 26 phút', line);
    device.clockAheadMs = -3.5 * 3_600_000;
    await assert.rejects(bring(6), /the bulk device stopped/);
    await desk.open('devices');
    await desk.says('chậm 3 giờ', line);
  });

  await step('a report says that a device has not sent everything', async () => {
    await desk.open('report', { kind: 'month', of: '2026-10' });
    await desk.says(/thay đổi chờ dữ liệu khác/, desk.at('completeness'));
    await desk.says(/1 buổi/, desk.at('headline'));
  });

  await step('when the missing ones arrive everything counts', async () => {
    device.unreadable = new Set();
    device.clockAheadMs = 0;
    await bring(7);
    await desk.open('devices');
    await desk.says('đủ', line);
    await desk.says('đúng', line);
    await desk.open('report', { kind: 'month', of: '2026-10' });
    await desk.says(/7 buổi \/ 28 lượt người/, desk.at('headline'));
  });
});

test('a guard who forgot the PIN reads a code out, the officer compares it, and the phone opens with all it held', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const desk = await openDesk(t, server, 'can.bo');
  const phone = await openPhone(t, server.url);
  await phone.enrol(await server.code('binh'));
  const recoveries = desk.at('recoveries');
  let record;
  let code;

  await step('the phone holds what no server has, and asks', async () => {
    await phone.offline(true);
    await phone.at('new-session').click();
    await phone.at('village').fill('na choong');
    await phone.at('village-option').first().click();
    await phone.at('attendances').fill('37');
    await phone.at('finish').click();
    await phone.at('edit').waitFor();
    record = new URL(phone.page.url()).hash.split('/')[2];
    await phone.page.reload();
    await phone.phase('locked');
    await phone.offline(false);
    await phone.at('forgot-pin').click();
    await phone.at('recover-ask').click();
    code = await phone.at('recover-code').innerText();
  });

  await step('the inbox says that somebody waits, and leads there', async () => {
    await desk.open('inbox');
    await desk.says(/1 người quên mã PIN/, desk.at('recoveries-wait'));
    await desk.at('recoveries-wait').getByRole('link').click();
    await desk.says('Nguyễn Bình', recoveries);
    await desk.inspect('recovery');
  });

  await step('what is no code, and a code that is not that one, approve nothing and say so', async () => {
    const field = recoveries.getByRole('textbox', { name: 'Mã kiểm tra' });
    await field.fill('G8PS');
    await field.press('Enter');
    await desk.says(/Mã gồm 10 chữ và số/, recoveries);
    // One of its digits misheard.
    const digit = code.at(-1);
    await field.fill(code.slice(0, -1) + (digit === '0' ? '1' : '0'));
    await field.press('Enter');
    await desk.says('Có ký tự nghe hoặc gõ sai', recoveries.locator('.error'));
    // A code that reads well and is another one.
    await field.fill(await server.code('chi'));
    await field.press('Enter');
    await desk.says('Mã kiểm tra không khớp', recoveries.locator('.error'));
    await recoveries.locator('[aria-invalid=true]').waitFor();
    await phone.at('recover-check').click();
    await phone.page.getByText('Cơ quan chưa duyệt').waitFor();
  });

  await step('the code that was read out approves, and the list is empty', async () => {
    const field = recoveries.getByRole('textbox', { name: 'Mã kiểm tra' });
    await field.fill(code.toLowerCase().replaceAll('-', ' '));
    await field.press('Enter');
    await recoveries.waitFor({ state: 'detached' });
    await desk.open('inbox');
    assert.equal(await desk.at('recoveries-wait').count(), 0);
  });

  await step('the phone gets a new PIN and has everything it had', async () => {
    await phone.at('recover-check').click();
    await phone.at('recover-pin').fill('975310');
    await phone.at('recover-pin-again').fill('975310');
    await phone.at('recover-finish').click();
    await phone.phase('open');
    await phone.sync();
    await desk.open('inbox/new');
    await desk.says('37', row(desk, record));
    await phone.page.reload();
    await phone.unlock('975310');
  });
});

test('a device is shut out, what it still brings is let in, another is enrolled, a carried file is handed on', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const chi = await server.terminal('chi');
  const binh = await server.terminal('binh');
  const desk = await openDesk(t, server, 'can.bo');
  const { page } = desk;

  await step('a device is revoked with a reason, and what it still brings is held and let in', async () => {
    await desk.open('devices');
    await desk.inspect('devices');
    await desk.at('device-row').filter({ hasText: 'Trần Chi' }).click();
    await desk.at('revoke').click();
    await desk.at('revoke-confirm').click();
    await page.getByText('Ghi lý do, từ 3 đến 200 ký tự').waitFor();
    await desk.at('reason').fill('Mất máy khi đi địa bàn');
    await desk.at('revoke-confirm').click();
    await desk.at('revoke-dialog').waitFor({ state: 'detached' });
    const late = await chi.record('Cao Sơn', 21);
    await chi.do('sync').catch(() => undefined);
    await desk.open('quarantine', { area: '2025-06856' });
    await desk.at('hq-empty').waitFor();
    await desk.choose('unit', HOANH_MO);
    await desk.at('held-row').waitFor();
    await desk.inspect('quarantine');
    await desk.at('held-row').click();
    await desk.at('leave').click();
    await page.getByText('Ghi lý do, từ 3 đến 500 ký tự').waitFor();
    await desk.at('reason').fill('Đã gọi điện xác nhận với người ghi');
    await desk.at('release').click();
    await desk.at('hq-empty').waitFor();
    await desk.open('inbox/new');
    await row(desk, late).waitFor();
  });

  await step('a new guard is enrolled with the printed code', async () => {
    await desk.open('enrol');
    await desk.at('new-person').click();
    await desk.at('person-display_name').fill('Hoàng Văn Dũng');
    await desk.at('person-username').fill('dung.hv');
    await page.getByLabel('Xã Hoành Mô').check();
    await desk.inspect('enrol');
    await desk.at('create-person').click();
    await page.locator('[data-testid=account] option:checked', { hasText: 'Hoàng Văn Dũng' }).waitFor({ state: 'attached' });
    await desk.at('issue').click();
    const code = await desk.at('issued-code').textContent();
    await desk.inspect('enrol-sheet');
    // What a phone's camera reads off the sheet.
    const pixels = await page.locator('.hq-qr').evaluate(async (svg) => {
      const picture = new Image();
      picture.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
      await picture.decode();
      const canvas = new OffscreenCanvas(400, 400);
      const to = canvas.getContext('2d');
      to.drawImage(picture, 0, 0, 400, 400);
      return [...to.getImageData(0, 0, 400, 400).data];
    });
    assert.equal(jsQR(Uint8ClampedArray.from(pixels), 400, 400)?.data, `${server.url}/#enrol=${code}`);
    const pages = (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g);
    assert.equal(pages.length, 1, 'it prints on one page');
  });

  await step('a carried file goes to the server and its receipts come back', async () => {
    await binh.record('Co Sen', 12);
    const file = join(server.directory, 'mang-den.banlang');
    await binh.do('export', file);
    await desk.open('carried');
    await desk.at('import-file').setInputFiles(file);
    await page.locator('[data-testid=carried-phase][data-phase=delivered]').waitFor();
    await desk.inspect('carried');
    const receipts = await desk.download(() => desk.at('receipts').click());
    const back = join(server.directory, receipts.name);
    await writeFile(back, receipts.bytes);
    await binh.do('import-receipts', back);
    assert.equal(JSON.parse(await binh.do('status', '--json')).only_here ?? 0, 0);
  });
});
