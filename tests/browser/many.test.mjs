/** Five thousand records on the phone. Times are said, not held against anything: a machine under test is no phone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BulkDevice } from './harness/bulk.mjs';
import { openPhone, PIN } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { processorMs, slowDown } from './harness/slow.mjs';

const RECORDS = 5_000;
const AREA = '2025-06841';
/** Counts, from now on, what the device reads of its store, by table. */
async function countReads(phone) {
  const [worker] = phone.page.workers();
  await worker.evaluate(() => {
    self.reads = {};
    for (const name of ['get', 'getAll', 'openCursor']) {
      const read = IDBObjectStore.prototype[name];
      IDBObjectStore.prototype[name] = function (...args) {
        self.reads[this.name] = (self.reads[this.name] ?? 0) + 1;
        return read.apply(this, args);
      };
    }
  });
  return () => worker.evaluate(() => self.reads);
}

const FORMATS = ['village_meeting', 'house_visit', 'market', 'school', 'mobile'];

test(`${RECORDS} records come to a new phone and are listed, searched and opened`, async (t) => {
  const server = await startServer(t);
  const colleague = await new BulkDevice(server.url).enrol(await server.code('chi'));
  for (let n = 0; n < RECORDS; n += 1) {
    const day = new Date(Date.UTC(2026, 9, 30) - (n % 700) * 86_400_000).toISOString().slice(0, 10);
    await colleague.record(AREA, {
      date: day,
      village: n % 50 === 0 ? 'name:Chợ phiên Đồng Văn' : `name:Thôn số ${n % 40}`,
      format: FORMATS[n % FORMATS.length],
      attendances: 10 + (n % 90),
      material: { leaflet: n % 60 },
      topics: ['tricks', 'hotline'],
      note: n % 7 === 0 ? 'Bà con hỏi về đường dây nóng.' : '',
    }, Date.UTC(2026, 9, 30) - n * 60_000);
  }
  await colleague.sync();

  const phone = await openPhone(t, server.url);
  const began = performance.now();
  // Enrolled on a slow processor: how much work the PIN is made to be is measured there.
  const enrolling = slowDown(await phone.pid(), 4);
  try {
    await phone.enrol(await server.code('binh'));
  } finally {
    await enrolling.stop();
  }
  await phone.go('#/records');
  await phone.at('record-row').first().waitFor();
  await phone.page.getByText('5.000').first().waitFor();
  t.diagnostic(`processor ÷ 4: enrolled, received and listed ${RECORDS} records in ${Math.round(performance.now() - began)} ms`);
  await phone.stop();

  for (const times of [1, 4]) {
    await phone.start();
    const slow = times > 1 ? slowDown(await phone.pid(), times) : undefined;
    try {
      await phone.open('locked', '#/records');
      // What the page itself saw: from the first byte to the PIN, from the PIN to rows that can be touched.
      await phone.at('unlock-pin').fill(PIN);
      const reads = await countReads(phone);
      const before = await processorMs(await phone.pid());
      const opened = await phone.page.evaluate(
        () =>
          new Promise((resolve) => {
            const began = performance.now();
            const look = () => {
              if (!document.querySelector('[data-testid=record-row]')) return;
              watch.disconnect();
              requestAnimationFrame(() => resolve(performance.now() - began));
            };
            const watch = new MutationObserver(look);
            watch.observe(document.body, { childList: true, subtree: true });
            document.querySelector('[data-testid=unlock-submit]').click();
          }),
      );
      const spent = (await processorMs(await phone.pid())) - before;
      const { body = 0, checkpoint, journal } = await reads();
      assert.deepEqual([body, checkpoint, journal], [0, 1, 1], 'the list comes of one checkpoint and its journal, no document is read');
      const shown = await phone.page.evaluate(() => performance.getEntriesByType('paint').at(-1)?.startTime ?? 0);
      t.diagnostic(`processor ÷ ${times}: first paint after ${Math.round(shown)} ms; from the PIN to the list ${Math.round(opened)} ms, ${Math.round(spent)} ms of processor time in all threads`);

      const searched = performance.now();
      await phone.at('search').fill('dong van');
      await phone.page.waitForFunction(
        () => {
          const rows = [...document.querySelectorAll('[data-testid=record-row]')];
          return rows.length > 0 && rows.every((row) => row.textContent.includes('Đồng Văn'));
        },
      );
      t.diagnostic(`processor ÷ ${times}: searched in ${Math.round(performance.now() - searched)} ms`);
    } finally {
      await slow?.stop();
    }
    await phone.at('record-row').first().click();
    await phone.at('edit').waitFor();
    if (times === 1) await phone.stop();
  }

  await t.test('saving one more takes no visible time', async () => {
    await phone.go('#/');
    await phone.at('new-session').click();
    await phone.at('village').fill('na choong');
    await phone.at('village-option').filter({ hasText: 'Nà Choòng' }).first().click();
    await phone.at('attendances').fill('42');
    const began = performance.now();
    await phone.at('finish').click();
    await phone.at('edit').waitFor();
    t.diagnostic(`recorded among ${RECORDS} in ${Math.round(performance.now() - began)} ms`);
  });
});
