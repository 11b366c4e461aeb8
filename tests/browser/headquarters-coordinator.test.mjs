/** The coordinator's weeks: what was covered, what was not, what is planned, given out, standing, and sent on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { check } from '@placemarkio/check-geojson';
import papaparse from 'papaparse';
import { readSheet } from 'read-excel-file/node';

import { openDesk } from './harness/desk.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const HOANH_MO = '2025-06841';
const LUC_HON = '2025-06856';

/** The day in Vietnam so many days ago, `yyyy-mm-dd`. */
const dayBefore = (days) => new Date(Date.now() + 7 * 3_600_000 - days * 86_400_000).toISOString().slice(0, 10);
const TODAY = dayBefore(0);
const THIS_MONTH = `${TODAY.slice(0, 7)}-01`;
const LAST_MONTH_END = dayBefore(Number(TODAY.slice(8, 10)));
const LAST_MONTH = `${LAST_MONTH_END.slice(0, 7)}-01`;
const shown = (day) => day.split('-').reverse().join('/');
const RANGE = { kind: 'range', from: LAST_MONTH, to: TODAY, bucket: 'month' };

/** What a guard recorded: village, day, attendances, leaflets, topics. */
const RECORDED = [
  ['Nà Choòng', LAST_MONTH, 40, 30, 'tricks'],
  ['Nà Choòng', THIS_MONTH, 20, 10, 'tricks,law'],
  ['Nà Choòng', TODAY, 25, 15, 'law'],
  ['Nà Sa', THIS_MONTH, 15, 5, 'hotline'],
];
const CONFIRMED = 2;
/** The colour of a commune that was reached and confirmed. */
const GREEN = [0x14, 0x53, 0x3b];
const within = (period, village) => RECORDED.filter(([name, day]) => day >= period.from && day <= period.to && (!village || name === village));
const sum = (rows, at) => rows.reduce((total, row) => total + row[at], 0);
const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, '.');

async function prepare(t) {
  const server = await startServer(t);
  await server.person({ username: 'dieu.phoi', name: 'Lê Văn Phối', role: 'coordinator' });
  const binh = await server.terminal('binh');
  const ids = [];
  for (const [village, day, attendances, leaflets, topics] of RECORDED) {
    const flags = ['--village', village, '--date', day, '--format', 'village_meeting', '--attendances', String(attendances), '--women', '3'];
    const said = await binh.do('record', ...flags, '--material', `leaflet=${leaflets}`, '--topic', topics, '--language', 'dao', '--note', '=1+1', '--json');
    ids.push(JSON.parse(said).id);
  }
  await binh.do('panel', '--site', 'p-06841', '--condition', 'faded', '--hotline-wrong');
  await binh.do('sync');
  const officer = await server.terminal('can.bo');
  for (const id of ids.slice(0, CONFIRMED)) await officer.do('review', 'confirm', id.slice(0, 12));
  await officer.do('sync');
  const coordinator = await server.terminal('dieu.phoi');
  return { server, coordinator, binh };
}

/** The text of the cell of a period in a row of the coverage table: the first is the name. */
const cellOf = (row, at) => row.locator('td').nth(at);
const said = (cell) => cell.locator('a, [role=img]').getAttribute('aria-label');

test('from what devices recorded to every page of the coordinator', async (t) => {
  const step = story(t);
  const { server, coordinator } = await prepare(t);
  const desk = await openDesk(t, server, 'dieu.phoi');
  // Months close as the server is set: which recorded days lie in which is told by its periods.
  const { villages, periods } = await coordinator.call('GET', `/v1/coverage?from=${LAST_MONTH}&to=${TODAY}`);
  const held = periods.map((period, at) => ({ ...period, at })).filter((period) => within(period).length > 0);
  const village = (name) => villages.find((of) => of.name === name && of.unit === HOANH_MO);

  await step('coverage opens first, and shows what was recorded, confirmed and is unheard', async () => {
    await desk.page.locator('[data-testid=hq-page][data-page=coverage]').waitFor();
    await desk.open('coverage', RANGE);
    await desk.says(number(RECORDED.length), desk.at('figure-sessions'));
    await desk.says(`${CONFIRMED} đã duyệt`, desk.at('figure-sessions'));
    const commune = desk.row('coverage-commune', HOANH_MO);
    for (const period of held) {
      const rows = within(period);
      const confirmed = rows.filter((row) => RECORDED.indexOf(row) < CONFIRMED).length;
      const places = new Set(rows.map(([name]) => name)).size;
      assert.match(await said(cellOf(commune, period.at)), new RegExp(`đến ${places}/\\d+ thôn; ${rows.length} buổi, ${confirmed} đã duyệt`));
    }
    // Nobody else's device has sent everything yet: silence is not zero.
    const silent = villages.filter((of) => of.unit === LUC_HON && of.periods.at(-1).state === 'unheard').length;
    assert.ok(silent > 0);
    assert.match(await said(cellOf(desk.row('coverage-commune', LUC_HON), periods.length - 1)), new RegExp(`${silent} thôn chưa có tin`));
  });

  await step('a number leads to the records behind it, as many as it says', async () => {
    await desk.row('coverage-commune', HOANH_MO).getByRole('button').click();
    const row = desk.row('coverage-village', village('Nà Choòng').village);
    for (const period of held) {
      const rows = within(period, 'Nà Choòng');
      if (rows.length === 0) continue;
      assert.match(await said(cellOf(row, period.at)), new RegExp(` ${rows.length} buổi,`));
      await cellOf(row, period.at).getByRole('link').click();
      await desk.page.locator('[data-testid=hq-page][data-page=sessions]').waitFor();
      await desk.loaded();
      assert.equal(await desk.page.locator('main tbody tr').count(), rows.length);
      await desk.page.goBack();
      await desk.row('coverage-commune', HOANH_MO).getByRole('button').click();
    }
    await desk.open('coverage', RANGE);
    await cellOf(desk.row('coverage-commune', HOANH_MO), periods.length).getByRole('link').click();
    await desk.page.locator('[data-testid=hq-page][data-page=sessions]').waitFor();
    await desk.loaded();
    assert.equal(await desk.page.locator('main tbody tr').count(), RECORDED.length);
    await desk.page.goBack();
    await desk.row('coverage-commune', HOANH_MO).waitFor();
  });

  await step('arrow keys go from cell to cell', async () => {
    const commune = desk.row('coverage-commune', HOANH_MO);
    await cellOf(commune, periods.length).getByRole('link').focus();
    await desk.page.keyboard.press('ArrowLeft');
    assert.equal(await desk.page.evaluate(() => document.activeElement.closest('td')?.cellIndex), periods.length);
  });

  await step('the same villages stand under the units of every generation', async () => {
    const count = async () => (await desk.at('coverage-whole').textContent()).match(/(\d[\d.]*) thôn/)[1];
    const now = await count();
    await desk.choose('generation', '2023');
    assert.equal(await count(), now);
    await desk.says(number(RECORDED.length), desk.at('figure-sessions'));
    await desk.open('coverage', RANGE);
    await desk.inspect('coverage');
  });

  await step('the trend has the same months beside the year before, and a table with its charts', async () => {
    await desk.open('trend', RANGE);
    await desk.page.locator('[data-testid=chart][data-ready=true]').nth(2).waitFor();
    for (const period of held) {
      const cells = await desk.cells(desk.row('trend-row', period.from));
      assert.equal(cells[1], number(within(period).length));
      assert.ok(cells.includes(number(sum(within(period), 2))), cells.join(' | '));
    }
    await desk.inspect('trend');
  });

  await step('villages not reached leave out those that were, and say whether a device may still bring something', async () => {
    await desk.open('unreached', { days: 1 });
    await desk.row('unreached-row', village('Nà Sa').village).waitFor({ state: THIS_MONTH === TODAY ? 'detached' : 'visible' });
    await desk.row('unreached-row', village('Nà Choòng').village).waitFor({ state: 'detached' });
    const other = villages.find((of) => of.unit === LUC_HON);
    // The device that covers it has brought everything: nothing of those days is still to come.
    await desk.says('Không, đã gửi hết', desk.row('unreached-row', other.village));
    await desk.at('days').fill('0');
    await desk.says('Nhập số ngày từ 1 đến 3.660', desk.page.locator('main'));
    await desk.at('days').fill('3660');
    await desk.row('unreached-row', village('Nà Sa').village).waitFor({ state: 'detached' });
    await desk.open('unreached');
    await desk.inspect('unreached');
  });

  await step('the map draws, and its table holds the same figures', async () => {
    await desk.open('map', RANGE);
    const map = desk.page.locator('[data-testid=map][data-idle=true]');
    await map.waitFor();
    const cells = await desk.cells(desk.row('map-row', HOANH_MO));
    assert.equal(cells[1], number(RECORDED.length));
    assert.equal(cells[2], String(CONFIRMED));
    assert.ok((await desk.pixels(map, GREEN)) > 100, 'a circle of the reached commune is drawn');
    await desk.row('map-row', HOANH_MO).getByRole('button').click();
    assert.match(desk.page.url(), /at=2025-06841/);
    await desk.open('map', RANGE);
    await map.waitFor();
    await desk.inspect('map');
  });

  await step('a plan that is set changes what is planned', async () => {
    const count = villages.filter((of) => of.unit === LUC_HON).length;
    const planned = async () => {
      await desk.open('coverage', { kind: 'year', of: TODAY.slice(0, 4), bucket: 'year' });
      return /kế hoạch (\d+)|\/(\d+)\./.exec(await said(cellOf(desk.row('coverage-commune', LUC_HON), 0)))?.slice(1).find(Boolean);
    };
    assert.notEqual(await planned(), String(12 * count));
    await desk.open('plans');
    await desk.at('plan-add').click();
    await desk.choose('plan-scope', 'area');
    await desk.at('entry-save').click();
    await desk.says('Chọn một mục', desk.at('entry-dialog'));
    await desk.at('area-search').fill('luc hon');
    await desk.row('area-option', LUC_HON).click();
    await desk.at('plan-sessions').fill('400');
    await desk.at('entry-save').click();
    await desk.says('Số nguyên từ 1 đến 366', desk.at('entry-dialog'));
    await desk.at('plan-sessions').fill('1');
    await desk.choose('plan-per', 'month');
    await desk.at('entry-save').click();
    await desk.at('entry-dialog').waitFor({ state: 'detached' });
    await desk.row('plan-row', LUC_HON).waitFor();
    await desk.inspect('plans');
    assert.equal(await planned(), String(12 * count));
  });

  await step('material issued stands against what was handed out, and a void issue does not count', async () => {
    await desk.open('material');
    await desk.inspect('material-empty');
    for (const [quantity, note] of [['1.000', 'Phiếu 12'], ['50', '']]) {
      await desk.at('issue-add').click();
      await desk.choose('issue-post', 'hoanh-mo');
      await desk.at('issue-quantity').fill(quantity);
      await desk.at('issue-note').fill(note);
      await desk.at('entry-save').click();
      await desk.at('entry-dialog').waitFor({ state: 'detached' });
    }
    const row = desk.row('stock-row', 'hoanh-mo');
    await row.filter({ hasText: '1.050' }).waitFor();
    await desk.page.locator('[data-testid=issue-row]', { hasText: '50' }).filter({ hasNotText: '1.000' }).getByTestId('void').click();
    await desk.at('void-reason').fill('x');
    await desk.at('entry-save').click();
    await desk.says('Từ 3 đến 200 ký tự', desk.at('entry-dialog'));
    await desk.at('void-reason').fill('Nhập nhầm');
    await desk.at('entry-save').click();
    await row.filter({ hasText: '1.000' }).waitFor();
    await desk.page.getByText('Đã hủy: Nhập nhầm').waitFor();
    // The guard is at no post yet: nothing of it is taken for the post's.
    await desk.says(number(sum(RECORDED, 3)), desk.at('stock-unassigned'));
    await desk.inspect('material');
  });

  await step('panels: checked, damaged, overdue, with the unit of today', async () => {
    await desk.open('panels');
    const count = (id) => desk.row('panel-state', id);
    await desk.says('177', count('all'));
    for (const [id, n] of [['checked', 1], ['damaged', 1], ['hotline_wrong', 1], ['unchecked', 176], ['overdue', 176]]) await desk.says(String(n), count(id));
    await count('damaged').click();
    const row = desk.row('panel-row', 'p-06841');
    await desk.says('Mờ, rách', row);
    await desk.says(shown(TODAY), row);
    await row.getByTestId('panel-open').click();
    await desk.says('Sai số điện thoại', desk.at('panel-checks'));
    await desk.page.keyboard.press('Escape');
    await count('all').click();
    await desk.inspect('panels');
  });

  await step('clubs, media and context figures are entered with what each field accepts', async () => {
    await desk.open('clubs');
    await desk.at('club-add').click();
    await desk.at('entry-save').click();
    await desk.says('Chọn một mục', desk.at('entry-dialog'));
    await desk.at('meeting-club').selectOption({ index: 1 });
    await desk.at('meeting-count').fill('3');
    await desk.at('entry-save').click();
    await desk.says('3', desk.at('figure-meetings'));
    await desk.inspect('clubs');
    await desk.open('media');
    await desk.at('media-add').click();
    await desk.choose('media-kind', 'broadcast');
    await desk.at('media-quantity').fill('4');
    await desk.at('media-minutes').fill('60');
    await desk.at('entry-save').click();
    await desk.says('4', desk.at('figure-broadcast'));
    await desk.inspect('media');
    await desk.open('figures');
    await desk.at('figure-add').click();
    await desk.at('figure-quantity').fill('391');
    await desk.at('entry-save').click();
    await desk.says('Ghi nguồn', desk.at('entry-dialog'));
    await desk.at('figure-source').fill('Báo cáo năm 2026');
    await desk.at('entry-save').click();
    await desk.page.locator('[data-testid=figure-row]', { hasText: '391' }).waitFor();
    await desk.inspect('figures');
  });

  await step('an export is what the list shows, cell by cell, in every format', async () => {
    await desk.open('exports', { what: 'sessions', kind: 'range', from: LAST_MONTH, to: TODAY });
    await desk.at('export-make').click();
    await desk.says('Từ 3 đến 200 ký tự', desk.page.locator('main'));
    await desk.at('export-reason').fill('Báo cáo quý gửi Bộ Tư lệnh');
    const { sessions } = await coordinator.call('GET', `/v1/sessions?from=${LAST_MONTH}&to=${TODAY}&limit=500`);
    assert.equal(sessions.length, RECORDED.length);
    const excel = await desk.download(() => desk.at('export-make').click());
    assert.match(excel.name, /^banlang-.*\.xlsx$/);
    const sheet = (await readSheet(excel.bytes)).map((row) => row.map(plain));
    await desk.choose('export-format', 'csv');
    const text = await desk.download(() => desk.at('export-make').click());
    assert.deepEqual([...text.bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const rows = papaparse.parse(text.bytes.toString('utf8').replace('\ufeff', ''), { skipEmptyLines: true }).data;
    for (const [table, note] of [[sheet, '=1+1'], [rows, "'=1+1"]]) {
      const heads = headOf(table);
      assert.deepEqual(heads.rows.map((row) => row[heads.at('Mã bản ghi')]), sessions.map(({ id }) => id));
      for (const [at, session] of sessions.entries()) {
        const row = heads.rows[at];
        const expected = {
          'Ngày thực hiện': session.date,
          'Mã đơn vị khi ghi': session.area,
          'Đơn vị khi ghi': session.area_name,
          'Lượt người nghe': String(session.attendances),
          'Trong đó: nữ': String(session.women),
          'Đã phát: Tờ rơi': String(session.material.leaflet),
          'Ngôn ngữ sử dụng': 'Tiếng Dao',
          'Ghi chú': note,
          'Người ghi': session.recorder_name,
        };
        for (const [heading, value] of Object.entries(expected)) assert.equal(row[heads.at(heading)], value, heading);
      }
    }
    // The two files hold the same, but for the apostrophe that keeps a formula a text.
    const bare = (table) => headOf(table).rows.map((row) => row.map((cell) => cell.replace(/^'/, '')));
    assert.deepEqual(bare(rows), bare(sheet));
  });

  await step('what leaves the province hides small breakdowns and names nobody', async () => {
    await desk.at('export-leaves').check();
    await desk.says('<5', desk.page.locator('form'));
    const file = await desk.download(() => desk.at('export-make').click());
    const heads = headOf(papaparse.parse(file.bytes.toString('utf8').replace('\ufeff', ''), { skipEmptyLines: true }).data);
    for (const heading of ['Ghi chú', 'Người ghi', 'Thiết bị', 'Mã bản ghi']) assert.equal(heads.at(heading), -1, heading);
    assert.deepEqual(heads.rows.map((row) => row[heads.at('Trong đó: nữ')]), RECORDED.map(() => '<5'));
    await desk.inspect('exports');
  });

  await step('the report to be signed is an export too, and not when it leaves the province', async () => {
    await desk.choose('export-what', 'report');
    assert.deepEqual(await desk.at('export-format').locator('option').evaluateAll((all) => all.map((of) => of.value)), ['xlsx', 'csv']);
    await desk.at('export-leaves').uncheck();
    await desk.choose('export-format', 'sheet');
    const file = await desk.download(() => desk.at('export-make').click());
    assert.match(file.name, /^banlang-report-.*\.xlsx$/);
    const cells = (await readSheet(file.bytes)).flat().map(plain);
    for (const said of ['BÁO CÁO', String(sum(RECORDED, 2))]) assert.ok(cells.some((cell) => cell.includes(said)), `${said} in ${cells.filter(Boolean).join(' | ')}`);
    await desk.at('export-leaves').check();
  });

  await step('coverage goes out as GeoJSON that any map reads', async () => {
    await desk.choose('export-what', 'coverage');
    await desk.choose('export-format', 'geojson');
    const file = await desk.download(() => desk.at('export-make').click());
    const { features } = check(file.bytes.toString('utf8'));
    const place = features.find(({ properties }) => properties.id === HOANH_MO);
    assert.equal(place.geometry.type, 'Point');
    assert.equal(place.properties.sessions, RECORDED.length);
  });

  await step('the audit says who exported what and why, and who looked at what', async () => {
    await desk.open('audit');
    const exported = desk.page.locator('[data-testid=audit-row]', { hasText: 'Xuất dữ liệu' });
    assert.equal(await exported.count(), 5);
    await desk.says('Lê Văn Phối', exported.first());
    await desk.says('Báo cáo quý gửi Bộ Tư lệnh', exported.first());
    await desk.at('audit-search').fill('nhap nham');
    await desk.page.locator('[data-testid=audit-row]', { hasText: 'Hủy lần cấp tài liệu' }).waitFor();
    await exported.first().waitFor({ state: 'detached' });
    await desk.open('audit', { action: 'device.enrolled' });
    await desk.page.locator('[data-testid=audit-row]', { hasText: 'Đăng ký thiết bị' }).first().waitFor();
    await desk.open('audit', { q: 'khong co dong nao nhu the' });
    await desk.at('hq-empty').waitFor();
    await desk.open('audit');
    await desk.inspect('audit');
  });

  await step('English by the switch, in every page of these', async () => {
    await desk.at('hq-language').click();
    for (const [page, title] of [['coverage', 'Coverage'], ['unreached', 'Villages not reached'], ['exports', 'Exports']]) {
      await desk.open(page);
      await desk.page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await desk.says('1,000', (await desk.open('material'), desk.row('stock-row', 'hoanh-mo')));
  });

  await step('a server that does not answer is said, and asked again by a button', async () => {
    await desk.page.route('**/v1/plans*', (route) => route.abort());
    await desk.phone.go('#/hq/plans');
    await desk.at('hq-error').waitFor();
    await desk.page.unroute('**/v1/plans*');
    await desk.at('hq-retry').click();
    await desk.row('plan-row', LUC_HON).waitFor();
  });
});

test('a browser that cannot draw says so, and the table of the map is there', async (t) => {
  const { server } = await prepare(t);
  const desk = await openDesk(t, server, 'dieu.phoi', ['--disable-3d-apis']);
  await desk.open('map', RANGE);
  await desk.says('WebGL', desk.at('map-missing'));
  assert.equal((await desk.cells(desk.row('map-row', HOANH_MO)))[1], number(RECORDED.length));
  assert.deepEqual(await desk.objections(), []);
});

/** A cell as text: days as `yyyy-mm-dd`, nothing as the empty text. */
function plain(cell) {
  if (cell === null || cell === undefined) return '';
  return cell instanceof Date ? cell.toISOString().slice(0, 10) : String(cell);
}

/** The heading row of a table, whatever stands above it, and the rows below. */
function headOf(table) {
  const first = table.findIndex((row) => row.includes('Ngày thực hiện'));
  assert.ok(first >= 0, 'there is a row of headings');
  return { at: (heading) => table[first].indexOf(heading), rows: table.slice(first + 1) };
}
