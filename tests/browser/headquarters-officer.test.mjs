/** An officer's day: what came in, returned, corrected, confirmed; what differs, what is told twice, what is held; devices; the report. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import jsQR from 'jsqr';

import { inspect, openDesk, openPage, saved } from './harness/officer-desk.mjs';
import { openPhone, PIN } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

/** Records a session on a terminal device; answers its id. */
async function record(terminal, village, attendances, ...flags) {
  const said = await terminal.do('record', '--village', village, '--attendances', String(attendances), '--format', 'village_meeting', ...flags, '--json');
  return JSON.parse(said).id;
}

/** The session in a field device's list. */
async function line(terminal, id) {
  return (await terminal.list()).find((of) => of.id === id);
}

const row = (desk, id) => desk.page.locator(`[data-testid=inbox-row][data-id="${id}"]`);
const pane = (desk, id) => desk.page.locator(`[data-testid=pane][data-id="${id}"]`);
const count = (desk, state, n) => desk.page.locator(`[data-testid=state-${state}][data-count="${n}"]`).waitFor();

test('an officer reads, returns, settles, links, lets in, revokes, enrols and reports', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const chi = await server.terminal('chi');
  const binh = await server.terminal('binh');
  const desk = await openDesk(t, server, 'can.bo');
  const { page } = desk;
  let first;
  let second;

  await step('who reviews begins with the inbox, and it says that nothing is there', async () => {
    await page.locator('[data-testid=hq-page][data-page=inbox]').waitFor();
    await count(desk, 'new', 0);
    await desk.at('hq-empty').waitFor();
    assert.deepEqual(await inspect(desk, 'inbox-empty'), []);
  });

  await step('what a field device sent is in the inbox, and can be read whole', async () => {
    first = await record(chi, 'Nà Choòng', 42, '--women', '20', '--topic', 'tricks,hotline', '--material', 'leaflet=40', '--note', 'Bà con hỏi về đường dây nóng 111.');
    second = await record(chi, 'Nà Sa', 15);
    await chi.do('sync');
    await openPage(desk, 'inbox');
    await count(desk, 'new', 2);
    await pane(desk, first).waitFor();
    for (const part of ['Trần Chi', '42', 'Bà con hỏi về đường dây nóng 111.', 'terminal', 'Máy chủ nhận']) await desk.says(part, pane(desk, first));
    assert.deepEqual(await inspect(desk, 'inbox'), []);
  });

  await step('with the keyboard it is returned with a comment, sent, and the next one opens', async () => {
    await page.keyboard.press('j');
    await pane(desk, second).waitFor();
    await page.keyboard.press('k');
    await pane(desk, first).waitFor();
    await page.keyboard.press('r');
    await page.waitForFunction(() => document.activeElement?.dataset.testid === 'comment');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Ghi rõ cần bổ sung gì').waitFor();
    await page.keyboard.type('Đề nghị bổ sung số sổ tay đã phát');
    await page.keyboard.press('Control+Enter');
    await pane(desk, second).waitFor();
    await page.locator(`[data-testid=inbox-row][data-id="${first}"][data-decided=sent]`).waitFor();
    await count(desk, 'returned', 1);
    await chi.do('sync');
    assert.equal((await line(chi, first)).review_state, 'returned');
    assert.match(await chi.do('show', first.slice(0, 12)), /Đề nghị bổ sung số sổ tay đã phát/);
  });

  await step('the correction, made offline, comes back as amended and is confirmed', async () => {
    await chi.do('edit', first.slice(0, 12), '--material', 'handbook=5');
    await chi.do('sync');
    await openPage(desk, 'inbox/amended');
    await count(desk, 'amended', 1);
    await pane(desk, first).waitFor();
    await desk.says(/Sổ tay: 5/, desk.at('timeline'));
    await page.keyboard.press('c');
    await page.locator(`[data-testid=inbox-row][data-id="${first}"][data-decided=sent]`).waitFor();
    await count(desk, 'confirmed', 1);
    await chi.do('sync');
    assert.equal((await line(chi, first)).review_state, 'confirmed');
  });

  await step('a record that changed after it was read is not decided on, and what changed is pointed at', async () => {
    await openPage(desk, 'inbox/new');
    await pane(desk, second).waitFor();
    await chi.do('edit', second.slice(0, 12), '--attendances', '19');
    await chi.do('sync');
    await page.keyboard.press('c');
    await desk.at('moved-on').waitFor();
    await desk.says('19', pane(desk, second));
    await page.locator('[data-testid=timeline-entry].fresh').waitFor();
    await count(desk, 'new', 1);
    await page.keyboard.press('c');
    await page.locator(`[data-testid=inbox-row][data-id="${second}"][data-decided=sent]`).waitFor();
    await chi.do('sync');
    assert.equal((await line(chi, second)).review_state, 'confirmed');
  });

  await step('a decision that could not be sent says so and goes when there is a connection', async () => {
    const third = await record(chi, 'Loòng Vài', 27);
    await chi.do('sync');
    await openPage(desk, 'inbox/new');
    await pane(desk, third).waitFor();
    await desk.offline(true);
    await page.keyboard.press('c');
    await page.locator(`[data-testid=inbox-row][data-id="${third}"][data-decided=unsent]`).waitFor();
    await desk.at('unsent').waitFor();
    await desk.offline(false);
    await desk.at('unsent').waitFor({ state: 'detached' });
    await chi.do('sync');
    assert.equal((await line(chi, third)).review_state, 'confirmed');
  });

  await step('what two people wrote apart is settled side by side', async () => {
    const fourth = await record(chi, 'Đồng Thanh', 30);
    await chi.do('sync');
    await binh.do('sync');
    await chi.do('edit', fourth.slice(0, 12), '--attendances', '31');
    await binh.do('edit', fourth.slice(0, 12), '--attendances', '33');
    await chi.do('sync');
    await binh.do('sync');
    await openPage(desk, 'inbox/conflicts');
    await count(desk, 'conflicts', 1);
    await pane(desk, fourth).waitFor();
    const conflict = desk.at('conflict');
    for (const part of ['31', '33', 'Trần Chi', 'Nguyễn Bình']) await desk.says(part, conflict);
    assert.deepEqual(await inspect(desk, 'conflict'), []);
    await page.keyboard.press('x');
    await page.waitForFunction(() => document.activeElement?.closest('[data-testid=conflict-value]'));
    await desk.at('conflict-value').filter({ hasText: '33' }).getByRole('button').click();
    await conflict.waitFor({ state: 'detached' });
    await chi.do('sync');
    assert.deepEqual((await line(chi, fourth)).conflicts, []);
    assert.equal((await line(chi, fourth)).attendances, 33);
  });

  await step('one event told twice is linked, and one of the two counts', async () => {
    await record(chi, 'Bản Cáu', 50, '--start', '08:00');
    await chi.do('sync');
    await record(binh, 'Bản Cáu', 48, '--start', '08:15');
    await binh.do('sync');
    await openPage(desk, 'duplicates');
    const pair = desk.at('pair');
    for (const part of ['cùng thôn, bản, khu', 'cùng ngày', '50', '48']) await desk.says(part, pair);
    assert.deepEqual(await inspect(desk, 'duplicates'), []);
    await desk.at('link').click();
    await desk.at('decide').click();
    await page.getByText('Ghi lý do, từ 3 đến 200 ký tự').waitFor();
    await desk.at('reason').fill('Cùng một buổi, hai người ghi');
    await desk.at('decide').click();
    await pair.waitFor({ state: 'detached' });
    await openPage(desk, 'duplicates?standing=linked');
    await desk.says('Cùng một buổi, hai người ghi', desk.at('pair'));
    await desk.says('được tính', desk.at('pair'));
  });

  await step('the list of sessions is filtered by its address and leads to one session', async () => {
    await openPage(desk, 'sessions?topic=tricks');
    await page.locator(`[data-testid=hq-row][data-id="${first}"]`).waitFor();
    assert.equal(await desk.at('hq-row').count(), 1);
    assert.deepEqual(await inspect(desk, 'sessions'), []);
    await desk.at('hq-row').focus();
    await page.keyboard.press('Enter');
    await pane(desk, first).waitFor();
    assert.deepEqual(await inspect(desk, 'session'), []);
  });

  await step('the report says what was done, beside what was before, and how complete it is', async () => {
    await openPage(desk, 'report?kind=year&of=2026');
    await desk.says(/5 buổi \/ 171 lượt người/, desk.at('headline'));
    await desk.says('buổi đã duyệt', desk.at('completeness'));
    assert.deepEqual(await inspect(desk, 'report'), []);
    const sheet = await saved(desk, () => desk.at('xlsx').click());
    assert.match(sheet.name, /\.xlsx$/);
    assert.equal(sheet.buffer.subarray(0, 2).toString(), 'PK');
    await page.locator('[data-testid=figure][data-key="topics.tricks"] a').click();
    await page.locator(`[data-testid=hq-row][data-id="${first}"]`).waitFor();
  });

  await step('a device is revoked with a reason, and what it still brings is held and let in', async () => {
    await openPage(desk, 'devices');
    assert.deepEqual(await inspect(desk, 'devices'), []);
    await desk.at('device-row').filter({ hasText: 'Trần Chi' }).click();
    await desk.at('revoke').click();
    await desk.at('revoke-confirm').click();
    await page.getByText('Ghi lý do, từ 3 đến 200 ký tự').waitFor();
    await desk.at('reason').fill('Mất máy khi đi địa bàn');
    await desk.at('revoke-confirm').click();
    await desk.at('revoke-dialog').waitFor({ state: 'detached' });
    const late = await record(chi, 'Cao Sơn', 21);
    await chi.do('sync').catch(() => undefined);
    await openPage(desk, 'quarantine');
    await desk.at('held-row').waitFor();
    assert.deepEqual(await inspect(desk, 'quarantine'), []);
    await desk.at('held-row').click();
    await desk.at('leave').click();
    await page.getByText('Ghi lý do, từ 3 đến 500 ký tự').waitFor();
    await desk.at('reason').fill('Đã gọi điện xác nhận với người ghi');
    await desk.at('release').click();
    await desk.at('hq-empty').waitFor();
    await openPage(desk, 'inbox/new');
    await row(desk, late).waitFor();
  });

  await step('a new guard is enrolled with the printed code', async () => {
    await openPage(desk, 'enrol');
    await desk.at('new-person').click();
    await desk.at('person-display_name').fill('Hoàng Văn Dũng');
    await desk.at('person-username').fill('dung.hv');
    await page.getByLabel('Xã Hoành Mô').check();
    assert.deepEqual(await inspect(desk, 'enrol'), []);
    await desk.at('create-person').click();
    await page.locator('[data-testid=account] option:checked', { hasText: 'Hoàng Văn Dũng' }).waitFor({ state: 'attached' });
    await desk.at('issue').click();
    const code = await desk.at('issued-code').textContent();
    assert.deepEqual(await inspect(desk, 'enrol-sheet'), []);
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
    await record(binh, 'Co Sen', 12);
    const file = join(server.directory, 'mang-den.banlang');
    await binh.do('export', file);
    await openPage(desk, 'carried');
    await desk.at('import-file').setInputFiles(file);
    await page.locator('[data-testid=carried-phase][data-phase=delivered]').waitFor();
    assert.deepEqual(await inspect(desk, 'carried'), []);
    const receipts = await saved(desk, () => desk.at('receipts').click());
    const back = join(server.directory, receipts.name);
    await writeFile(back, receipts.buffer);
    await binh.do('import-receipts', back);
    assert.equal(JSON.parse(await binh.do('status', '--json')).only_here ?? 0, 0);
  });

  await step('in English, by keys alone', async () => {
    await desk.at('hq-language').click();
    await page.locator('html[lang=en]').waitFor();
    await page.locator('h1').focus();
    await page.keyboard.press('?');
    await desk.at('hq-keys').waitFor();
    assert.deepEqual(await inspect(desk, 'keys'), []);
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.locator('[data-testid=hq-page][data-page=duplicates]').waitFor();
    await desk.at('hq-to-field').click();
    await desk.at('new-session').waitFor();
    await desk.at('to-office').click();
    await desk.at('hq').waitFor();
  });
});

test('a guard’s phone fetches nothing of headquarters and is not led there', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  const asked = [];
  phone.context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await phone.enrol(await server.code('binh'));
  await phone.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await phone.page.reload();
  await phone.unlock(PIN);
  await phone.go('#/hq/inbox');
  await phone.page.getByText('Không có trang này').first().waitFor();
  assert.equal(await phone.at('to-office').count(), 0);
  assert.ok(asked.some((path) => path.startsWith('/assets/')));
  assert.deepEqual(asked.filter((path) => path.startsWith('/assets/hq/')), []);
  const kept = await phone.page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat());
  assert.ok(kept.length > 0);
  assert.deepEqual(kept.filter((url) => url.includes('/assets/hq/')), []);
});

test('an officer without a connection is told so, and records in the field app all the same', async (t) => {
  const server = await startServer(t);
  const desk = await openDesk(t, server, 'can.bo');
  await desk.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await desk.offline(true);
  await desk.page.reload();
  await desk.unlock(PIN);
  await desk.says('Trang cơ quan cần có mạng', desk.at('office-waits'));
  await desk.page.getByRole('link', { name: 'Về trang chính' }).click();
  await desk.at('new-session').waitFor();
});
