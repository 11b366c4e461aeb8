/** The map of villages: positions come with the register, and stand where the register says. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { openDesk } from './harness/desk.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const TODAY = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10);
const RANGE = { kind: 'range', from: TODAY, to: TODAY };

/** Made up for this test: the register that comes with the program has no positions. */
const VILLAGES = [
  { id: '06841-na-choong', name: 'Nà Choòng', lat: 21.62, lon: 107.48, state: 'confirmed' },
  { id: '06841-na-sa', name: 'Nà Sa', lat: 21.56, lon: 107.56, state: 'done' },
  { id: '06841-cao-son', name: 'Cao Sơn', lat: 21.54, lon: 107.46, state: 'unheard' },
];
const FILE = ['village_id,village_name,kind,source,old_commune_code,lat,lon', ...VILLAGES.map(({ id, name, lat, lon }) => `${id},${name},thôn,Đo thử,06841,${lat},${lon}`)].join('\n');

/** The middle of what has a colour in a picture of an element, but for what lies close to others; in points of the element. */
async function middle(desk, element, colour, without = []) {
  const picture = (await element.screenshot()).toString('base64');
  const found = await desk.page.evaluate(
    async ([base64, wanted, others]) => {
      const bytes = Uint8Array.from(atob(base64), (of) => of.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
      context.fillStyle = wanted;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
      context.drawImage(image, 0, 0);
      const { data, width } = context.getImageData(0, 0, image.width, image.height);
      const at = [];
      for (let pixel = 0; pixel < data.length / 4; pixel += 1) {
        const [x, y] = [pixel % width, Math.floor(pixel / width)];
        const is = [red, green, blue].every((of, part) => Math.abs(of - data[4 * pixel + part]) < 3);
        if (is && others.every((other) => Math.hypot(other.x - x, other.y - y) > 14)) at.push([x, y]);
      }
      const mean = (part) => at.reduce((sum, of) => sum + of[part], 0) / at.length;
      return { x: mean(0), y: mean(1), pixels: at.length, spread: Math.max(...at.map((of) => Math.hypot(of[0] - mean(0), of[1] - mean(1)))) };
    },
    [picture, colour, without],
  );
  assert.ok(found.pixels > 20 && found.spread < 10, `one circle of ${colour}: ${JSON.stringify(found)}`);
  return found;
}

/** What Mercator makes of a latitude, in degrees of longitude. */
const northing = (lat) => (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

test('villages stand on the map where the register has them', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  await server.person({ username: 'dieu.phoi', name: 'Lê Văn Phối', role: 'coordinator' });
  await server.person({ username: 'quan.tri', name: 'Phạm Thị Trị', role: 'administrator' });
  const binh = await server.terminal('binh');
  const made = [];
  for (const { name, state } of VILLAGES) {
    if (state === 'unheard') continue;
    const said = await binh.do('record', '--village', name, '--date', TODAY, '--format', 'village_meeting', '--attendances', '20', '--topic', 'tricks', '--language', 'dao', '--json');
    made.push(JSON.parse(said).id);
  }
  await binh.do('sync');
  const officer = await server.terminal('can.bo');
  await officer.do('review', 'confirm', made[0].slice(0, 12));
  await officer.do('sync');
  const coordinator = await server.terminal('dieu.phoi');
  const map = (desk) => desk.page.locator('[data-testid=map][data-idle=true]');
  let desk;

  await step('an administrator imports the register with positions, after a look at what would change', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'banlang-map-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'thon.csv');
    await writeFile(path, FILE);
    const admin = await openDesk(t, server, 'quan.tri');
    await admin.at('hq').waitFor();
    await admin.open('map', RANGE);
    assert.equal(await admin.at('map-show').count(), 0, 'without positions there are no villages to show');
    await admin.open('import', { kind: 'villages' });
    await admin.at('import-file').setInputFiles(path);
    await admin.at('import-look').click();
    await admin.page.locator('[data-testid=import-report][data-dry=true]').waitFor();
    await admin.says(String(VILLAGES.length), admin.row('import-count', 'changed'));
    await admin.says('vĩ độ – → 21,620', admin.at('import-report'));
    await admin.at('import-apply').click();
    await admin.page.locator('[data-testid=import-report][data-dry=false]').waitFor();
  });

  await step('each has its position, its figures and its state, and stands in the list beside the map', async () => {
    const { features } = await coordinator.call('GET', `/v1/coverage/map?from=${TODAY}&to=${TODAY}`);
    const placed = features.filter(({ properties }) => properties.kind === 'village');
    assert.deepEqual(
      placed.map(({ geometry, properties }) => [properties.id, ...geometry.coordinates, properties.state]).sort(),
      VILLAGES.map(({ id, lon, lat, state }) => [id, lon, lat, state]).sort(),
    );
    desk = await openDesk(t, server, 'dieu.phoi');
    await desk.at('hq').waitFor();
    await desk.open('map', RANGE);
    await desk.choose('map-show', 'village');
    await map(desk).waitFor();
    for (const { id, name, state } of VILLAGES) {
      const cells = await desk.cells(desk.row('map-row', id));
      assert.ok(cells[0].startsWith(name), cells[0]);
      assert.deepEqual(cells.slice(1, 3), [state === 'unheard' ? '0' : '1', state === 'confirmed' ? '1' : '0']);
      assert.equal(cells[0].includes('Chưa có tin từ máy'), state === 'unheard');
    }
    assert.equal(await desk.at('map-row').count(), VILLAGES.length);
    await desk.inspect('map-villages');
  });

  await step('on the picture they stand in the directions and distances of their positions, told apart by colour', async () => {
    const token = (name) => desk.page.evaluate((of) => getComputedStyle(document.documentElement).getPropertyValue(of).trim(), name);
    const [done, unheard, confirmed] = [await token('--green-soft'), await token('--amber-soft'), await token('--green')];
    const drawn = { done: await middle(desk, map(desk), done), unheard: await middle(desk, map(desk), unheard) };
    // Of one that waits for confirmation the rim is green too.
    drawn.confirmed = await middle(desk, map(desk), confirmed, [drawn.done]);
    const [first, second, third] = VILLAGES;
    const scale = (drawn.done.x - drawn.confirmed.x) / (second.lon - first.lon);
    const expected = { x: drawn.confirmed.x + scale * (third.lon - first.lon), y: drawn.confirmed.y - scale * (northing(third.lat) - northing(first.lat)) };
    assert.ok(Math.hypot(drawn.unheard.x - expected.x, drawn.unheard.y - expected.y) < 4, JSON.stringify({ drawn, expected }));
    assert.ok(Math.abs(drawn.done.y - (drawn.confirmed.y - scale * (northing(second.lat) - northing(first.lat)))) < 4, JSON.stringify(drawn));

    await map(desk).locator('canvas').click({ position: { x: drawn.unheard.x, y: drawn.unheard.y } });
    await desk.row('map-chosen', third.id).waitFor();
    await desk.says('Chưa có tin từ máy', desk.at('map-chosen'));
    assert.equal(await desk.at('map-records').count(), 0, 'there is nothing to see of it');
    // What is chosen comes into the middle; opened anew, all are where they were.
    await desk.open('coverage');
    await desk.open('map', { ...RANGE, show: 'village' });
    await map(desk).waitFor();
    await map(desk).locator('canvas').click({ position: { x: drawn.confirmed.x, y: drawn.confirmed.y } });
    await desk.row('map-chosen', first.id).waitFor();
    assert.equal(await desk.row('map-row', first.id).getAttribute('aria-current'), 'true');
    await desk.says('1 buổi, 1 đã duyệt', desk.at('map-chosen'));
  });

  await step('from the village on the map one click leads to its records', async () => {
    await desk.at('map-records').click();
    await desk.page.locator('[data-testid=hq-page][data-page=sessions]').waitFor();
    await desk.loaded();
    assert.deepEqual(await desk.page.getByTestId('hq-row').evaluateAll((rows) => rows.map((row) => row.dataset.id)), [made[0]]);
  });

  await step('a browser that cannot draw has the same villages in the list', async () => {
    const blind = await openDesk(t, server, 'dieu.phoi', ['--disable-3d-apis']);
    await blind.at('hq').waitFor();
    await blind.open('map', { ...RANGE, show: 'village' });
    await blind.says('WebGL', blind.at('map-missing'));
    for (const { id } of VILLAGES) await blind.row('map-row', id).waitFor();
    await blind.row('map-row', VILLAGES[1].id).getByRole('button').click();
    assert.deepEqual(await blind.objections(), []);
    await blind.row('map-chosen', VILLAGES[1].id).getByTestId('map-records').click();
    await blind.page.locator('[data-testid=hq-page][data-page=sessions]').waitFor();
  });
});
