/** An officer's day: what came in, returned, corrected, confirmed; what differs, what is told twice; the report. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openDesk } from './harness/desk.mjs';
import { count, pane, row } from './harness/inbox.mjs';
import { openPhone, PIN } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

test('an officer reads, returns, settles, links and reports', async (t) => {
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
    await desk.inspect('inbox-empty');
  });

  await step('what a field device sent is in the inbox, and can be read whole', async () => {
    first = await chi.record('Nà Choòng', 42, '--women', '20', '--topic', 'tricks,hotline', '--material', 'leaflet=40', '--note', 'Bà con hỏi về đường dây nóng 111.');
    // The oldest comes first: each is received at a time of its own.
    await chi.do('sync');
    second = await chi.record('Nà Sa', 15);
    await chi.do('sync');
    await desk.open('inbox');
    await count(desk, 'new', 2);
    await pane(desk, first).waitFor();
    for (const part of ['Trần Chi', '42', 'Bà con hỏi về đường dây nóng 111.', 'terminal', 'Máy chủ nhận']) await desk.says(part, pane(desk, first));
    await desk.inspect('inbox');
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
    await row(desk, first, 'sent').waitFor();
    await count(desk, 'returned', 1);
    await chi.do('sync');
    assert.equal((await chi.line(first)).review_state, 'returned');
    assert.match(await chi.do('show', first.slice(0, 12)), /Đề nghị bổ sung số sổ tay đã phát/);
  });

  await step('the correction, made offline, comes back as amended and is confirmed', async () => {
    await chi.do('edit', first.slice(0, 12), '--material', 'handbook=5');
    await chi.do('sync');
    await desk.open('inbox/amended');
    await count(desk, 'amended', 1);
    await pane(desk, first).waitFor();
    await desk.says(/Sổ tay: 5/, desk.at('timeline'));
    await page.keyboard.press('c');
    await row(desk, first, 'sent').waitFor();
    await count(desk, 'confirmed', 1);
    await chi.do('sync');
    assert.equal((await chi.line(first)).review_state, 'confirmed');
  });

  await step('a record that changed after it was read is not decided on, and what changed is pointed at', async () => {
    await desk.open('inbox/new');
    await pane(desk, second).waitFor();
    await chi.do('edit', second.slice(0, 12), '--attendances', '19');
    await chi.do('sync');
    await page.keyboard.press('c');
    await desk.at('moved-on').waitFor();
    await desk.says('19', pane(desk, second));
    await page.locator('[data-testid=timeline-entry].fresh').waitFor();
    await count(desk, 'new', 1);
    await page.keyboard.press('c');
    await row(desk, second, 'sent').waitFor();
    await chi.do('sync');
    assert.equal((await chi.line(second)).review_state, 'confirmed');
  });

  await step('a decision that could not be sent says so and goes when there is a connection', async () => {
    const third = await chi.record('Loòng Vài', 27);
    await chi.do('sync');
    await desk.open('inbox/new');
    await pane(desk, third).waitFor();
    await page.locator(`[data-testid=pane][data-id="${third}"][data-here=true]`).waitFor();
    await desk.phone.offline(true);
    await page.keyboard.press('c');
    await row(desk, third, 'unsent').waitFor();
    await desk.at('unsent').waitFor();
    await desk.phone.offline(false);
    await desk.at('unsent').waitFor({ state: 'detached' });
    await chi.do('sync');
    assert.equal((await chi.line(third)).review_state, 'confirmed');
  });

  await step('what two people wrote apart is settled side by side', async () => {
    const fourth = await chi.record('Đồng Thanh', 30);
    await chi.do('sync');
    await binh.do('sync');
    await chi.do('edit', fourth.slice(0, 12), '--attendances', '31');
    await binh.do('edit', fourth.slice(0, 12), '--attendances', '33');
    await chi.do('sync');
    await binh.do('sync');
    await desk.open('inbox/conflicts');
    await count(desk, 'conflicts', 1);
    await pane(desk, fourth).waitFor();
    const conflict = desk.at('conflict');
    for (const part of ['31', '33', 'Trần Chi', 'Nguyễn Bình']) await desk.says(part, conflict);
    await desk.inspect('conflict');
    await page.keyboard.press('x');
    await page.waitForFunction(() => document.activeElement?.closest('[data-testid=conflict-value]'));
    await desk.at('conflict-value').filter({ hasText: '33' }).getByRole('button').click();
    await conflict.waitFor({ state: 'detached' });
    await chi.do('sync');
    assert.deepEqual((await chi.line(fourth)).conflicts, []);
    assert.equal((await chi.line(fourth)).attendances, 33);
  });

  await step('one event told twice is linked, and one of the two counts', async () => {
    await chi.record('Bản Cáu', 50, '--start', '08:00');
    await chi.do('sync');
    await binh.record('Bản Cáu', 48, '--start', '08:15');
    await binh.do('sync');
    await desk.open('duplicates');
    const pair = desk.at('pair');
    for (const part of ['cùng thôn, bản, khu', 'cùng ngày', '50', '48']) await desk.says(part, pair);
    await desk.inspect('duplicates');
    await desk.at('link').click();
    await desk.at('decide').click();
    await page.getByText('Ghi lý do, từ 3 đến 200 ký tự').waitFor();
    await desk.at('reason').fill('Cùng một buổi, hai người ghi');
    await desk.at('decide').click();
    await pair.waitFor({ state: 'detached' });
    await desk.open('duplicates', { standing: 'linked' });
    await desk.says('Cùng một buổi, hai người ghi', desk.at('pair'));
    await desk.says('được tính', desk.at('pair'));
  });

  await step('the list of sessions is filtered by its address and leads to one session', async () => {
    await desk.open('sessions', { topic: 'tricks' });
    await page.locator(`[data-testid=hq-row][data-id="${first}"]`).waitFor();
    assert.equal(await desk.at('hq-row').count(), 1);
    await desk.inspect('sessions');
    await desk.at('hq-row').focus();
    await page.keyboard.press('Enter');
    await pane(desk, first).waitFor();
    await desk.inspect('session');
  });

  await step('the report says what was done, beside what was before, and how complete it is', async () => {
    await desk.open('report', { kind: 'year', of: '2026' });
    await desk.says(/5 buổi \/ 171 lượt người/, desk.at('headline'));
    await desk.says('buổi đã duyệt', desk.at('completeness'));
    await desk.inspect('report');
    const sheet = await desk.download(() => desk.at('xlsx').click());
    assert.match(sheet.name, /\.xlsx$/);
    assert.equal(sheet.bytes.subarray(0, 2).toString(), 'PK');
    await page.locator('[data-testid=figure][data-key="topics.tricks"] a').click();
    await page.locator(`[data-testid=hq-row][data-id="${first}"]`).waitFor();
  });

  await step('in English, by keys alone', async () => {
    await desk.at('hq-language').click();
    await page.locator('html[lang=en]').waitFor();
    await page.locator('h1').focus();
    await page.keyboard.press('?');
    await desk.at('hq-keys').waitFor();
    await desk.inspect('keys');
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
