/** Forty records on an officer's desk: gone through by keys, commune by commune. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BulkDevice } from './harness/bulk.mjs';
import { openDesk } from './harness/desk.mjs';
import { count, pane, row } from './harness/inbox.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const HOANH_MO = '2025-06841';
const LUC_HON = '2025-06856';
const EACH = 20;
const ALL = 2 * EACH;
/** Which of the forty, in the order in which they are read, are returned, and which are passed over at first. */
const RETURNED = [4, 11, 25, 38];
const PASSED = [8, 19, 30];

/** Two guards bring forty sessions; each has a number of attendances of its own. */
async function prepare(t) {
  const server = await startServer(t);
  const officer = await server.terminal('can.bo');
  for (const [username, area, from] of [['chi', HOANH_MO, 100], ['binh', LUC_HON, 200]]) {
    const device = await new BulkDevice(server.url).enrol(await server.code(username));
    for (let n = 0; n < EACH; n += 1) {
      const date = `2026-10-${String(n + 1).padStart(2, '0')}`;
      await device.record(area, { date, village: `name:Thôn số ${n}`, format: 'village_meeting', attendances: from + n, material: { leaflet: n } }, Date.UTC(2026, 9, n + 1, 3));
    }
    await device.sync();
  }
  const { sessions } = await officer.call('GET', '/v1/sessions?limit=100');
  assert.equal(sessions.length, ALL);
  return { server, officer, sessions: new Map(sessions.map((session) => [session.id, session])) };
}

/** Every decision on a session that stands, as the server has it. */
async function decisions(officer, id) {
  const { reviews } = await officer.call('GET', `/v1/sessions/${id}`);
  return reviews.map(({ decision, current }) => `${decision} ${current ? 'of what stands' : 'of what stood'}`);
}

test('forty records are reviewed by keys alone: each once, none left out', async (t) => {
  const step = story(t);
  const { server, officer, sessions } = await prepare(t);
  const desk = await openDesk(t, server, 'can.bo');
  const { page } = desk;
  const decided = new Map();
  const openId = () => page.locator('[data-testid=inbox-row][aria-current=true]').getAttribute('data-id');
  /** Waits until the pane shows the session that the list marks, and reads its number. */
  const read = async () => {
    const id = await openId();
    await pane(desk, id).waitFor();
    await desk.says(String(sessions.get(id).attendances), pane(desk, id));
    return id;
  };
  const movedOn = (from) => page.locator(`[data-testid=inbox-row][data-id="${from}"][aria-current=true]`).waitFor({ state: 'detached' });

  await step('one commune at a time, and the address keeps which', async () => {
    await count(desk, 'new', ALL);
    await desk.choose('unit', LUC_HON);
    await count(desk, 'new', EACH);
    assert.equal(new URL(page.url()).hash.includes(`area=${LUC_HON}`), true);
    const shown = await desk.at('inbox-row').evaluateAll((rows) => rows.map(({ dataset }) => dataset.id));
    assert.deepEqual(new Set(shown), new Set([...sessions.values()].filter(({ area }) => area === LUC_HON).map(({ id }) => id)));
    // Its first session is open, and with it what was typed before: keys go to the list again.
    await read();
    await page.reload();
    await desk.phone.unlock();
    await count(desk, 'new', EACH);
    assert.equal(await desk.at('unit').inputValue(), LUC_HON);
    await desk.at('state-returned').click();
    await desk.at('hq-empty').waitFor();
    assert.equal(await desk.at('unit').inputValue(), LUC_HON, 'another state, the same commune');
    await desk.at('state-duplicates').click();
    await page.locator('[data-testid=hq-page][data-page=duplicates]').waitFor();
    assert.equal(await desk.at('unit').inputValue(), LUC_HON, 'another page of it too');
    await desk.open('inbox/new');
    await count(desk, 'new', ALL);
    await desk.inspect('inbox-forty');
  });

  await step('confirmed, returned and passed over with four keys, the count goes down to nothing', async () => {
    await page.evaluate(() => {
      const state = document.querySelector('[data-testid=state-new]');
      window.counted = [Number(state.dataset.count)];
      new MutationObserver(() => window.counted.push(Number(state.dataset.count))).observe(state, { attributeFilter: ['data-count'] });
    });
    const began = performance.now();
    let passed = 0;
    for (let at = 0; decided.size < ALL; at += 1) {
      const id = await read();
      assert.ok(!decided.has(id), `${id} opened again after it was decided on`);
      if (PASSED.includes(at)) {
        passed += 1;
        await page.keyboard.press('j');
      } else if (RETURNED.includes(at)) {
        await page.keyboard.press('r');
        await page.waitForFunction(() => document.activeElement?.dataset.testid === 'comment');
        await page.keyboard.type('Đề nghị bổ sung số sổ tay đã phát');
        await page.keyboard.press('Control+Enter');
        decided.set(id, 'return');
      } else {
        await page.keyboard.press('c');
        decided.set(id, 'confirm');
      }
      await movedOn(id);
    }
    t.diagnostic(`${ALL} records reviewed by keys in ${Math.round(performance.now() - began)} ms, ${passed} of them passed over at first`);
    await count(desk, 'new', 0);
    const counted = await page.evaluate(() => window.counted);
    assert.deepEqual(counted, [...counted].sort((a, b) => b - a), 'it never goes up');
    assert.equal(counted.at(-1), 0);
    await count(desk, 'returned', RETURNED.length);
    await count(desk, 'confirmed', ALL - RETURNED.length);
    for (const id of decided.keys()) await row(desk, id, 'sent').waitFor();
    assert.equal(await desk.at('newer').count(), 0);
  });

  await step('a key that is held down decides nothing more', async () => {
    const chi = await server.terminal('chi');
    for (const [id, decision] of decided) if (decision === 'return') await chi.do('edit', id.slice(0, 12), '--material', 'handbook=5');
    await chi.do('sync');
    await desk.open('inbox/new');
    await desk.at('hq-empty').waitFor();
    await page.keyboard.press('2');
    await count(desk, 'amended', RETURNED.length);
    const id = await read();
    // Every further press before the key is let go is a repetition.
    await page.keyboard.down('c');
    await page.keyboard.down('c');
    await movedOn(id);
    const next = await read();
    for (let times = 0; times < 5; times += 1) await page.keyboard.down('c');
    await count(desk, 'amended', RETURNED.length - 1);
    assert.equal(await openId(), next);
    await page.keyboard.up('c');
    for (let left = RETURNED.length - 1; left > 0; left -= 1) {
      const open = await read();
      await page.keyboard.press('c');
      await movedOn(open);
    }
    await count(desk, 'amended', 0);
    await count(desk, 'confirmed', ALL);
  });

  await step('the server has each of the forty confirmed once, as it stands', async () => {
    for (const [id, decision] of decided) {
      const stands = (await decisions(officer, id)).sort();
      assert.deepEqual(stands, decision === 'confirm' ? ['confirm of what stands'] : ['confirm of what stands', 'return of what stood'], id);
    }
    const { states } = await officer.call('GET', '/v1/inbox');
    assert.equal(states.confirmed.count, ALL);
    assert.equal(states.new.count + states.amended.count + states.disputed.count + states.returned.count, 0);
  });
});
