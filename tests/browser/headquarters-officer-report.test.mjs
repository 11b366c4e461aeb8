/** The period report on paper: whole, in order, and nothing of the screen around it. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BulkDevice } from './harness/bulk.mjs';
import { openDesk } from './harness/desk.mjs';
import { compact, printed } from './harness/print.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const PICTURES = fileURLToPath(new URL('../../target/screenshots', import.meta.url));
const HOANH_MO = '2025-06841';
/** A4 and the margins that the report asks for, in points. */
const PAPER = { width: 595, height: 842, side: 42, end: 45 };

const FORMATS = ['village_meeting', 'house_visit', 'market', 'school', 'mobile', 'border_loud', 'party_cell', 'club', 'drama', 'checkpoint', 'online'];
const TOPICS = ['tricks', 'easy_job', 'social', 'illegal_exit', 'marriage', 'domestic', 'support', 'hotline', 'law', 'border_law'];
const LANGUAGES = ['vi', 'dao', 'tay', 'san_chi', 'hoa', 'san_diu'];
const DIFFICULTIES = ['shame', 'incomplete', 'ties_abroad', 'unreported_return', 'language', 'absent', 'weather', 'no_signal', 'material_short'];
const part = (list, n) => list.filter((_, at) => (at + n) % 3 > 0);

/** A year in which everything that can be reported happened. */
async function prepare(t) {
  const server = await startServer(t);
  const device = await new BulkDevice(server.url).enrol(await server.code('binh'));
  for (const [n, format] of [...FORMATS, ...FORMATS].entries()) {
    await device.record(
      HOANH_MO,
      {
        date: `${n < FORMATS.length ? 2025 : 2026}-${String((n % FORMATS.length) + 1).padStart(2, '0')}-15`,
        village: `name:Thôn số ${n}`,
        format,
        attendances: 1_000 + 37 * n,
        women: 400 + n,
        households: n,
        pledges: 3 * n,
        broadcasts: n,
        broadcast_minutes: 15 * n,
        topics: part(TOPICS, n),
        languages: part(LANGUAGES, n),
        difficulties: part(DIFFICULTIES, n),
        material: { leaflet: 900 + n, folder: 40 + n, handbook: 5 + n },
      },
      Date.UTC(2026, 9, 1),
    );
  }
  await device.sync();
  return server;
}

test('the report prints whole on A4, without the screen around it', async (t) => {
  const step = story(t);
  const server = await prepare(t);
  const desk = await openDesk(t, server, 'can.bo');
  const { page } = desk;
  await desk.open('report', { kind: 'year', of: '2026' });
  const report = desk.at('report');
  const rows = await report.locator('tbody tr').evaluateAll((all) =>
    all.map((row) => ({ key: row.dataset.key, cells: [...row.cells].map((cell) => cell.textContent) })),
  );
  const figures = rows.filter(({ key }) => key).map(({ cells: [label, ...values] }) => ({ label: compact(label), values: compact(values.join('')) }));
  const headings = rows.filter(({ key }) => !key).map(({ cells }) => compact(cells.join('')));
  const labels = await page.locator('nav a, .hq-bar a, .hq-bar button, main button, main label').evaluateAll((all) => all.map((of) => of.textContent.trim()).filter(Boolean));
  // What a page and a part of the report are both called may well be on paper.
  const controls = labels.filter((label) => !headings.includes(compact(label)));
  assert.ok(figures.length > 50 && headings.length > 6 && controls.length > 12, 'there is something to print, and to leave out');

  await step('of the screen only the report is left', async () => {
    await page.emulateMedia({ media: 'print' });
    for (const hidden of ['nav', '.hq-bar', '.hq-toolbar', 'main button']) assert.equal(await page.locator(hidden).locator('visible=true').count(), 0, hidden);
    assert.ok(await report.isVisible());
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('[data-testid=report]')).overflowX), 'visible', 'nothing is scrolled to on paper');
    await page.emulateMedia({ media: null });
  });

  // From the widest desk and from a tablet held upright the paper is the same.
  for (const [device, viewport] of [['desk', { width: 1440, height: 900 }], ['tablet', { width: 820, height: 1180 }]]) {
    await step(`from a ${device} every figure is on paper once, beside its values`, async () => {
      await page.setViewportSize(viewport);
      const { bytes, sheets } = await printed(page);
      await mkdir(PICTURES, { recursive: true });
      await writeFile(join(PICTURES, `hq-report-print-${device}.pdf`), bytes);
      const lines = sheets.flatMap((sheet, on) => sheet.lines.map((line) => ({ ...line, on })));
      const whole = lines.map(({ text }) => text).join('');
      assert.ok(whole.includes(compact(await report.locator('.unit').first().textContent())));
      assert.ok(whole.includes(compact(await desk.at('headline').textContent())));
      for (const { label, values } of figures) {
        // A label that is too long goes on below; its values stand beside its beginning.
        const found = lines.filter(({ text }) => text.endsWith(values) && text.length > values.length && label.startsWith(text.slice(0, -values.length)));
        assert.equal(found.length, 1, `${label} ${values}`);
      }
      for (const control of controls) assert.ok(!lines.some(({ text }) => text === compact(control)), control);
    });

    await step(`from a ${device} no sheet cuts anything, and each says what its columns are`, async () => {
      const { sheets } = await printed(page);
      assert.ok(sheets.length > 1 && sheets.length < 4, `${sheets.length} sheets`);
      for (const [on, { width, height, lines }] of sheets.entries()) {
        assert.deepEqual([Math.round(width), Math.round(height)].map((of) => Math.round(of / 2)), [PAPER.width, PAPER.height].map((of) => Math.round(of / 2)), 'A4');
        for (const { text, left, right, y } of lines) {
          assert.ok(left >= PAPER.side - 1 && right <= width - PAPER.side + 1, `sheet ${on + 1}: ${text} reaches from ${left} to ${right}`);
          assert.ok(y >= PAPER.end - 2 && y <= height - PAPER.end, `sheet ${on + 1}: ${text} at ${y}`);
        }
        const texts = lines.map(({ text }) => text);
        const head = texts.findIndex((text) => text.startsWith(compact('Chỉ tiêu')));
        assert.ok(head >= 0 && !texts.slice(0, head).some((text) => figures.some(({ values }) => text.endsWith(values))), `sheet ${on + 1} names its columns first`);
        assert.ok(!headings.includes(texts.at(-1)), `sheet ${on + 1} ends with a heading`);
      }
    });
  }
});
