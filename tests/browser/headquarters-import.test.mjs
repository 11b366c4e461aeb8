/** Reference data from the administrator's page: a look first, then the change, then the villages a person has to place. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { openDesk } from './harness/desk.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const HOANH_MO = '2025-06841';
const BINH_LIEU = '2025-06838';
const DONG_VAN = '2024-06847';
const TODAY = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10);
const RANGE = { kind: 'range', from: TODAY, to: TODAY };

/** Made up for this test: Đồng Văn, which became part of Hoành Mô whole, as if it had been split. */
const OLD = '06847,Xã Đồng Văn,Huyện Bình Liêu,06847,Xã Đồng Văn,Huyện Bình Liêu';
const UNITS = [
  'unit_2023_code,unit_2023_name,unit_2023_district,unit_2024_code,unit_2024_name,unit_2024_district,relation_2024_2025,main_successor,unit_2025_code,unit_2025_name,unit_2025_kind,land_border_2025,lat,lon',
  `${OLD},part,1,06841,Xã Hoành Mô,xã,yes,21.576,107.531`,
  `${OLD},part,0,06838,Xã Bình Liêu,xã,yes,21.517,107.387`,
].join('\n');
const VILLAGE = { id: '06847-dong-thang', name: 'Đồng Thắng' };

async function withPeople(t) {
  const server = await startServer(t);
  await server.person({ username: 'dieu.phoi', name: 'Lê Văn Phối', role: 'coordinator' });
  await server.person({ username: 'quan.tri', name: 'Phạm Thị Trị', role: 'administrator' });
  await server.person({ username: 'lan', name: 'Hoàng Lan', role: 'guard', areas: [DONG_VAN] });
  const folder = await mkdtemp(join(tmpdir(), 'banlang-import-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const desk = await openDesk(t, server, 'quan.tri');
  await desk.at('hq').waitFor();
  /** Puts a file into the form of the page. */
  async function choose(text) {
    const path = join(folder, 'danh-muc.csv');
    await writeFile(path, text);
    await desk.at('import-file').setInputFiles([]);
    await desk.at('import-file').setInputFiles(path);
  }
  return { server, desk, choose };
}

test('a register is looked at before it is changed', async (t) => {
  const step = story(t);
  const { server, desk, choose } = await withPeople(t);

  await step('a faulty file is explained line by line and changes nothing', async () => {
    await desk.open('import', { kind: 'villages' });
    await desk.at('import-look').click();
    await desk.says('Chọn một tệp CSV', desk.page.locator('form'));
    await choose('village_id,village_name,kind,source,new_commune_code\nv-thu,Thử Nghiệm,thôn,Nghị quyết 1,99999\n');
    await desk.at('import-look').click();
    const faults = desk.at('import-faults');
    await desk.says('99999', faults);
    await desk.says('new_commune_code', faults);
    assert.equal(await desk.at('import-apply').count(), 0);
  });

  await step('a dry run shows what would change and changes nothing; applied, it is so', async () => {
    // A new village, one in a unit of 2024 that was split, one with another name and one that became part of it.
    const rows = ['v-thu,Thử Nghiệm,,,thôn,Nghị quyết 1,06841,', 'v-chia,Chia Tách,,,thôn,Nghị quyết 1,,06853', '06841-dong-mo,Đồng Mới,,,thôn,Nghị quyết 1,,06841', '06841-na-sa,Nà Sa,,06841-dong-mo,thôn,Nghị quyết 1,,06841'];
    await choose(`village_id,village_name,former_name,merged_into,kind,source,new_commune_code,old_commune_code\n${rows.join('\n')}\n`);
    await desk.at('import-look').click();
    await desk.page.locator('[data-testid=import-report][data-dry=true]').waitFor();
    for (const [of, n] of [['added', 2], ['renamed', 1], ['merged', 1]]) await desk.says(String(n), desk.row('import-count', of));
    await desk.says('Đồng Mô → Đồng Mới', desk.at('import-report'));
    assert.equal(await desk.row('choice', 'v-chia').count(), 0);
    await desk.inspect('import');
    await desk.at('import-apply').click();
    await desk.page.locator('[data-testid=import-report][data-dry=false]').waitFor();
    await desk.row('choice', 'v-chia').waitFor();
  });

  await step('a coordinator, who may know the place better, is asked the same', async () => {
    const other = await openDesk(t, server, 'dieu.phoi');
    await other.at('hq').waitFor();
    await other.open('choices');
    const choice = other.row('choice', 'v-chia');
    await choice.waitFor();
    assert.equal(await choice.getByRole('radio', { checked: true }).count(), 0, 'nothing is chosen by itself');
    assert.ok(await choice.getByTestId('choice-save').isDisabled());
    await other.inspect('choices');
    await choice.getByRole('radio').first().check();
    await choice.getByTestId('choice-save').click();
    await choice.waitFor({ state: 'detached' });
    await desk.open('choices');
    await desk.row('choice', 'v-chia').waitFor({ state: 'detached' });
  });
});

test('a unit that was split asks village by village, and coverage follows the answers', async (t) => {
  const step = story(t);
  const { server, desk, choose } = await withPeople(t);
  const lan = await server.terminal('lan');
  const flags = ['--village', VILLAGE.name, '--date', TODAY, '--format', 'village_meeting', '--attendances', '30', '--topic', 'tricks', '--language', 'dao'];
  const { id } = JSON.parse(await lan.do('record', ...flags, '--json'));
  await lan.do('sync');
  const row = desk.row('coverage-village', VILLAGE.id);
  const total = (unit) => desk.row('coverage-commune', unit).locator('td').last().locator('a, [role=img]').getAttribute('aria-label');
  /** Opens a commune of coverage, which must hold the village then. */
  async function under(unit) {
    await desk.open('coverage', RANGE);
    await desk.row('coverage-commune', unit).getByRole('button').click();
    await row.waitFor();
  }

  await step('before, its villages lie in the one unit it became', async () => {
    await under(HOANH_MO);
    assert.match(await total(HOANH_MO), / 1 buổi,/);
    await desk.open('choices');
    assert.equal(await desk.row('choice', VILLAGE.id).count(), 0);
  });

  await step('the dry run tells of the split and of each village it opens, and opens none', async () => {
    await desk.open('import', { kind: 'units' });
    await choose(UNITS);
    await desk.at('import-look').click();
    const report = desk.page.locator('[data-testid=import-report][data-dry=true]');
    await report.waitFor();
    await desk.says('1', desk.row('import-count', 'split'));
    await desk.says('Xã Đồng Văn → Xã Bình Liêu, Xã Hoành Mô', report);
    await desk.says(`${VILLAGE.name}: Xã Bình Liêu (2025), Xã Hoành Mô (2025)`, report);
    assert.equal(await desk.row('choice', VILLAGE.id).count(), 0);
    await desk.inspect('import-split');
  });

  await step('applied, the villages wait; coverage says that their unit is not decided and loses nothing', async () => {
    await desk.at('import-apply').click();
    await desk.row('choice', VILLAGE.id).waitFor();
    await under('');
    assert.match(await total(''), / 1 buổi,/);
    assert.equal(await desk.row('coverage-commune', '').locator('td a[href*="sessions"]').count(), 0, 'no list holds just those');
    await row.locator('td').first().getByRole('link').click();
    await desk.row('hq-row', id).waitFor();
  });

  await step('an administrator chooses for a village, and corrects the choice', async () => {
    await desk.open('import', { kind: 'units' });
    const choice = desk.row('choice', VILLAGE.id);
    await choice.waitFor();
    assert.equal(await choice.getByRole('radio', { checked: true }).count(), 0, 'nothing is chosen by itself');
    await choice.getByRole('radio', { name: 'Xã Hoành Mô' }).check();
    await choice.getByTestId('choice-save').click();
    await choice.waitFor({ state: 'detached' });
    await desk.at('choices-decided').locator('summary').click();
    const decided = desk.row('choice-decided', VILLAGE.id);
    assert.ok(await decided.getByRole('radio', { name: 'Xã Hoành Mô' }).isChecked());
    assert.ok(await decided.getByTestId('choice-save').isDisabled());
    await desk.inspect('choices-decided');
    await decided.getByRole('radio', { name: 'Xã Bình Liêu' }).check();
    await decided.getByTestId('choice-save').click();
    await desk.page.getByText(`Đã chọn Xã Bình Liêu cho ${VILLAGE.name}`).waitFor();
  });

  await step('coverage and the list of sessions have the village in the unit chosen; of the past it stays where it was', async () => {
    await under(BINH_LIEU);
    assert.match(await total(BINH_LIEU), / 1 buổi,/);
    await row.locator('td').first().getByRole('link').click();
    await desk.row('hq-row', id).waitFor();
    await desk.open('sessions', { area: BINH_LIEU });
    await desk.row('hq-row', id).waitFor();
    await desk.open('coverage', { ...RANGE, generation: '2024' });
    await desk.row('coverage-commune', DONG_VAN).getByRole('button').click();
    await row.waitFor();
    assert.match(await total(DONG_VAN), / 1 buổi,/);
  });

  await step('both choices stand in the audit with who made them, and the import too', async () => {
    await desk.open('audit', { action: 'village.unit-chosen' });
    const rows = desk.at('audit-row');
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), 2);
    for (const at of [0, 1]) await desk.says(/Phạm Thị Trị.*Chọn đơn vị cho thôn/, rows.nth(at));
    await desk.open('audit', { action: 'reference.imported' });
    await desk.says('Phạm Thị Trị', rows.first());
  });
});
