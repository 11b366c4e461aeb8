/** Coverage of a part of the sessions: filters together, and the records behind each figure. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openDesk } from './harness/desk.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const HOANH_MO = '2025-06841';
const POST = 'hoanh-mo';
const TODAY = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10);
const RANGE = { kind: 'range', from: TODAY, to: TODAY };

/** What was recorded today: by whom, where, the topics, the language, the format, attendances. */
const RECORDED = [
  ['binh', 'Nà Choòng', 'tricks,law', 'dao', 'village_meeting', 40],
  ['binh', 'Nà Choòng', 'tricks', 'tay', 'village_meeting', 20],
  ['binh', 'Nà Sa', 'law', 'dao', 'house_visit', 7],
  ['chi', 'Nà Choòng', 'tricks', 'dao', 'house_visit', 5],
  ['chi', 'Nà Sa', 'tricks,law', 'dao', 'village_meeting', 31],
].map(([by, village, topics, language, format, attendances]) => ({ by, village, topics: topics.split(','), language, format, attendances }));

/** The same as the server should find it: binh is at the post, chi is not. */
const FITS = {
  post: (row, value) => value === POST && row.by === 'binh',
  topic: (row, value) => row.topics.includes(value),
  language: (row, value) => row.language === value,
  format: (row, value) => row.format === value,
};
const fitting = (filters) => RECORDED.filter((row) => Object.entries(filters).every(([name, value]) => FITS[name](row, value)));

async function prepare(t) {
  const server = await startServer(t);
  await server.person({ username: 'dieu.phoi', name: 'Lê Văn Phối', role: 'coordinator' });
  await server.person({ username: 'quan.tri', name: 'Phạm Thị Trị', role: 'administrator' });
  const administrator = await server.terminal('quan.tri');
  const accounts = await administrator.call('GET', '/v1/accounts');
  await administrator.call('POST', `/v1/accounts/${accounts.find(({ username }) => username === 'binh').id}`, { post: POST });
  const guards = { binh: await server.terminal('binh'), chi: await server.terminal('chi') };
  for (const row of RECORDED) {
    const flags = ['--village', row.village, '--date', TODAY, '--format', row.format, '--attendances', String(row.attendances)];
    row.id = JSON.parse(await guards[row.by].do('record', ...flags, '--topic', row.topics.join(','), '--language', row.language, '--json')).id;
  }
  for (const guard of Object.values(guards)) await guard.do('sync');
  const officer = await server.terminal('can.bo');
  for (const { id } of [RECORDED[0], RECORDED[2]]) await officer.do('review', 'confirm', id.slice(0, 12));
  await officer.do('sync');
  return { server, coordinator: await server.terminal('dieu.phoi') };
}

test('filters narrow coverage together', async (t) => {
  const step = story(t);
  const { server, coordinator } = await prepare(t);
  const desk = await openDesk(t, server, 'dieu.phoi');
  await desk.at('hq').waitFor();
  const commune = desk.row('coverage-commune', HOANH_MO);
  const whole = () => desk.at('coverage-whole').locator('td').last();
  const figure = (value) => desk.page.locator('[data-testid=figure-sessions] .value').filter({ hasText: new RegExp(`^\\s*${value}\\s*$`) }).waitFor();
  const listed = async () => {
    await desk.page.locator('[data-testid=hq-page][data-page=sessions]').waitFor();
    await desk.loaded();
    return (await desk.page.getByTestId('hq-row').evaluateAll((rows) => rows.map((row) => row.dataset.id))).sort();
  };
  const ids = (rows) => rows.map(({ id }) => id).sort();

  await step('each filter added leaves what passes all of them, and the address holds them', async () => {
    await desk.open('coverage', RANGE);
    await figure(RECORDED.length);
    const filters = {};
    for (const [name, value] of [['topic', 'law'], ['language', 'dao'], ['format', 'village_meeting'], ['post', POST]]) {
      await desk.choose(`narrow-${name}`, value);
      filters[name] = value;
      const rows = fitting(filters);
      await figure(rows.length);
      assert.equal(new URL(desk.page.url().replace('#', '')).searchParams.get(name), value);
      const said = await whole().locator('a').getAttribute('aria-label');
      assert.match(said, new RegExp(` ${rows.length} buổi,`));
    }
    assert.deepEqual([RECORDED.length, ...[1, 2, 3, 4].map((n) => fitting(Object.fromEntries(Object.entries(filters).slice(0, n))).length)], [5, 3, 3, 2, 1]);
    assert.equal(await desk.at('figure-planned').count(), 0, 'nobody plans by topic');
  });

  await step('in words it says what is counted, and each filter is taken away by itself', async () => {
    const words = desk.at('narrowed');
    for (const said of ['Nội dung: ', 'Ngôn ngữ: Tiếng Dao', 'Hình thức: ', 'Đồn, trạm, đội: Đồn Biên phòng cửa khẩu Hoành Mô']) await desk.says(said, words);
    await desk.inspect('coverage-filtered');
    await desk.row('narrowed-remove', 'format').click();
    await figure(fitting({ topic: 'law', language: 'dao', post: POST }).length);
    await desk.row('narrowed-remove', 'post').click();
    await figure(fitting({ topic: 'law', language: 'dao' }).length);
    assert.match(desk.page.url(), /topic=law&language=dao/);
    assert.equal(await desk.at('narrow-post').inputValue(), '');
  });

  await step('a number under two filters leads to exactly the records it counts', async () => {
    for (const filters of [{ topic: 'tricks', format: 'village_meeting' }, { post: POST, language: 'dao' }]) {
      await desk.open('coverage', { ...RANGE, ...filters });
      await figure(fitting(filters).length);
      await commune.locator('td').last().getByRole('link').click();
      assert.deepEqual(await listed(), ids(fitting(filters)), JSON.stringify(filters));
      await desk.page.goBack();
      await commune.getByRole('button').click();
      const village = desk.page.locator('[data-testid=coverage-village]', { hasText: 'Nà Choòng' });
      await village.locator('td').first().getByRole('link').click();
      assert.deepEqual(await listed(), ids(fitting(filters).filter((row) => row.village === 'Nà Choòng')));
      await desk.page.goBack();
      await desk.at('figure-sessions').getByRole('link').click();
      assert.deepEqual(await listed(), ids(fitting(filters)));
    }
  });

  await step('head counts under filters are those of the same records', async () => {
    const filters = { topic: 'law', language: 'dao' };
    await desk.open('coverage', { ...RANGE, ...filters, measure: 'attendances' });
    const sum = fitting(filters).reduce((total, row) => total + row.attendances, 0);
    await whole().filter({ hasText: String(sum) }).waitFor();
  });

  await step('the trend takes the same filters and leads to the same records', async () => {
    const filters = { topic: 'tricks', language: 'dao', format: 'village_meeting' };
    await desk.open('trend', { ...RANGE, ...filters });
    await desk.says('Hình thức: ', desk.at('narrowed'));
    const row = desk.at('trend-row').last();
    await row.locator('td').first().filter({ hasText: new RegExp(`^\\s*${fitting(filters).length}\\s*$`) }).waitFor();
    await row.getByRole('link').click();
    assert.deepEqual(await listed(), ids(fitting(filters)));
    await desk.page.goBack();
    await desk.row('narrowed-remove', 'language').click();
    await row.locator('td').first().filter({ hasText: new RegExp(`^\\s*${fitting({ topic: 'tricks', format: 'village_meeting' }).length}\\s*$`) }).waitFor();
  });

  await step('the map takes the same filters and leads to the same records', async () => {
    const filters = { topic: 'tricks', language: 'dao' };
    await desk.open('map', { ...RANGE, ...filters });
    await desk.says('Nội dung: ', desk.at('narrowed'));
    const row = desk.row('map-row', HOANH_MO);
    assert.equal((await desk.cells(row))[1], String(fitting(filters).length));
    await row.getByRole('link').click();
    assert.deepEqual(await listed(), ids(fitting(filters)));
    await desk.page.goBack();
    await desk.choose('narrow-post', POST);
    await row.locator('td').first().filter({ hasText: new RegExp(`^\\s*${fitting({ ...filters, post: POST }).length}\\s*$`) }).waitFor();
    await desk.inspect('map-filtered');
  });

  await step('confirmed ones, a period and filters combine in the list of sessions', async () => {
    const confirmed = [RECORDED[0], RECORDED[2]];
    for (const filters of [{ topic: 'law', language: 'dao' }, { post: POST, format: 'house_visit' }, { post: POST, topic: 'tricks', language: 'tay' }]) {
      const text = new URLSearchParams({ ...filters, state: 'confirmed', from: TODAY, to: TODAY, area: HOANH_MO });
      const { sessions } = await coordinator.call('GET', `/v1/sessions?${text}`);
      const expected = fitting(filters).filter((row) => confirmed.includes(row));
      assert.deepEqual(ids(sessions), ids(expected), String(text));
      const { villages } = await coordinator.call('GET', `/v1/coverage?${new URLSearchParams({ ...filters, from: TODAY, to: TODAY })}`);
      const counted = villages.flatMap(({ periods }) => periods).reduce((sum, { confirmed: n }) => sum + n, 0);
      assert.equal(counted, expected.length);
      text.set('from', '2001-01-01');
      text.set('to', '2001-12-31');
      assert.deepEqual((await coordinator.call('GET', `/v1/sessions?${text}`)).sessions, []);
    }
  });

  await step('the export of a filtered page begins with the same filters', async () => {
    const filters = { topic: 'law', format: 'village_meeting' };
    await desk.open('coverage', { ...RANGE, ...filters });
    await desk.page.locator('main .hq-title').getByRole('link', { name: 'Xuất dữ liệu' }).click();
    await desk.page.locator('[data-testid=hq-page][data-page=exports]').waitFor();
    await desk.loaded();
    assert.equal(await desk.at('narrow-topic').inputValue(), 'law');
    await desk.choose('export-what', 'sessions');
    await desk.choose('export-format', 'csv');
    await desk.at('export-reason').fill('Đối chiếu với trang');
    const file = await desk.download(() => desk.at('export-make').click());
    const text = file.bytes.toString('utf8');
    for (const row of RECORDED) assert.equal(text.includes(row.id), fitting(filters).includes(row), row.id);
  });
});
