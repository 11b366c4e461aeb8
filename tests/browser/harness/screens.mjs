/**
 * Every main screen, in the order in which a guard meets them, on a phone with something to show: a session returned by
 * the officer, a conflict with a colleague, drafts, a file taken along.
 */

import { PIN } from './phone.mjs';

/** Fills a server and two phones with what the screens are to show; answers the ids of the records. */
export async function prepare(server, phone) {
  const officer = await server.terminal('can.bo');
  const colleague = await server.terminal('chi');
  await phone.enrol(await server.code('binh'));
  const made = [];
  for (const [village, format, attendances, note] of [
    ['Nà Choòng', 'village_meeting', 42, 'Bà con hỏi nhiều về đường dây nóng 111.'],
    ['Đồng Thanh', 'house_visit', 18, ''],
    ['Nà Sa', 'school', 120, 'Đề nghị cấp thêm tờ rơi tiếng Dao.'],
  ]) {
    const flags = ['--village', village, '--format', format, '--attendances', String(attendances), '--material', `leaflet=${attendances}`];
    const said = await colleague.do('record', ...flags, '--topic', 'tricks,hotline', '--women', '10', '--note', note, '--json');
    made.push(JSON.parse(said).id);
  }
  await colleague.do('sync');
  await phone.sync();
  // One of the guard's own, returned by the officer.
  await phone.at('new-session').click();
  await phone.at('village').fill('cao son');
  await phone.at('village-option').first().click();
  await phone.at('attendances').fill('36');
  await phone.at('material-leaflet').fill('30');
  await phone.at('finish').click();
  await phone.at('edit').waitFor();
  const own = new URL(phone.page.url()).hash.split('/')[2];
  await phone.sync();
  await officer.do('sync');
  await officer.do('review', 'return', own.slice(0, 12), '--comment', 'Đề nghị bổ sung số người dân tộc thiểu số và nội dung tuyên truyền.');
  await officer.do('review', 'confirm', made[2].slice(0, 12));
  await officer.do('sync');
  // Out of reach of each other, both correct the first.
  await phone.offline(true);
  await phone.go(`#/record/${made[0]}`);
  await phone.at('edit').click();
  await phone.at('attendances').fill('45');
  await phone.at('finish').click();
  await phone.at('edit').waitFor();
  await colleague.do('edit', made[0].slice(0, 12), '--attendances', '50');
  await colleague.do('sync');
  await phone.offline(false);
  await phone.sync();
  return { returned: own, conflict: made[0], confirmed: made[2] };
}

/** A name and the way there; `ids` are those of `prepare`. */
export function screens(ids) {
  return [
    [
      'home',
      async (phone) => {
        await phone.go('#/');
        await phone.at('record-row').nth(3).waitFor();
      },
    ],
    [
      'records',
      async (phone) => {
        await phone.go('#/records');
        await phone.at('record-row').nth(3).waitFor();
      },
    ],
    ...['returned', 'conflict', 'confirmed'].map((name) => [
      name,
      async (phone) => {
        await phone.go(`#/record/${ids[name]}`);
        await phone.at('edit').waitFor();
      },
    ]),
    ['void', (phone) => phone.go(`#/record/${ids.confirmed}/void`)],
    [
      'session',
      async (phone) => {
        await phone.go('#/');
        await phone.at('new-session').click();
        await phone.at('village').waitFor();
      },
    ],
    [
      'session-errors',
      async (phone) => {
        await phone.at('attendances').fill('4x');
        await phone.at('note').fill('Gọi 0912 345 678');
        await phone.page.locator('.notice.amber').waitFor();
        await phone.at('finish').click();
        await phone.page.locator('[aria-invalid=true]').first().waitFor();
      },
    ],
    [
      'session-filled',
      async (phone) => {
        await phone.at('village').fill('na choong');
        await phone.at('village-option').first().click();
        await phone.at('attendances').fill('42');
        await phone.at('note').fill('');
        await phone.page.evaluate(() => document.querySelectorAll('details').forEach((fold) => (fold.open = true)));
      },
    ],
    [
      'panel',
      async (phone) => {
        await phone.go('#/');
        await phone.at('new-panel-check').click();
        await phone.at('panel-option').first().waitFor();
      },
    ],
    ['carry', (phone) => phone.go('#/carry')],
    ['phone', (phone) => phone.go('#/phone')],
    ['pin', (phone) => phone.go('#/pin')],
    ['help', (phone) => phone.go('#/help')],
    [
      'lock',
      async (phone) => {
        await phone.go('#/phone');
        await phone.at('lock').click();
        await phone.phase('locked');
      },
    ],
    ['forgotten', (phone) => phone.at('forgot-pin').click()],
  ];
}

/** Opens the phone again after the last screen. */
export async function reopen(phone) {
  await phone.page.reload();
  await phone.unlock(PIN);
}
