/** A guard's weeks: a session without signal, what the officer wrote back, a colleague who differs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

/** Chooses a village by a few letters without tone marks. */
async function chooseVillage(phone, letters, name) {
  await phone.at('village').fill(letters);
  await phone.at('village-option').filter({ hasText: name }).first().click();
}

test('a session is recorded without signal, reviewed, completed, disagreed about, settled and voided', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const officer = await server.terminal('can.bo');
  const binh = await openPhone(t, server.url);
  const chi = await openPhone(t, server.url);
  await binh.enrol(await server.code('binh'));
  await chi.enrol(await server.code('chi'));
  let record;

  await step('without signal a session is recorded in a few taps', async () => {
    await binh.offline(true);
    await binh.at('new-session').click();
    await chooseVillage(binh, 'na choong', 'Nà Choòng');
    await binh.page.getByRole('button', { name: 'Thêm 10, Lượt người nghe' }).click();
    await binh.page.getByRole('button', { name: 'Thêm 1, Lượt người nghe' }).click();
    await binh.page.getByRole('button', { name: 'Thêm 50, Tờ rơi' }).click();
    await binh.page.getByLabel('Họp thôn, bản, khu').check();
    await binh.page.getByLabel('Phương thức, thủ đoạn mua bán người').check();
    await binh.at('finish').click();
    await binh.at('edit').waitFor();
    record = new URL(binh.page.url()).hash.split('/')[2];
    await binh.says('Chỉ có trên máy này');
    await binh.says(/Lượt người nghe 11\b/);
    await binh.says(/Tờ rơi 50\b/);
  });

  await step('the next one begins with the format of the last, and looking leaves no draft', async () => {
    await binh.go('#/');
    await binh.at('new-session').click();
    await binh.page.getByLabel('Họp thôn, bản, khu').waitFor();
    assert.ok(await binh.page.getByLabel('Họp thôn, bản, khu').isChecked());
    await binh.page.getByRole('button', { name: 'Quay lại' }).click();
    await binh.at('new-session').waitFor();
    await binh.at('draft-row').waitFor({ state: 'detached' });
  });

  await step('what was typed stays a draft until it is finished or deleted', async () => {
    await binh.at('new-session').click();
    await binh.at('attendances').fill('7');
    await binh.page.getByRole('button', { name: 'Quay lại' }).click();
    await binh.says('7 lượt người', binh.at('draft-row'));
    await binh.at('draft-row').click();
    await binh.at('attendances').waitFor();
    assert.equal(await binh.at('attendances').inputValue(), '7');
    await binh.at('discard').click();
    await binh.page.getByRole('dialog').getByRole('button', { name: 'Xóa' }).click();
    await binh.at('new-session').waitFor();
    await binh.at('draft-row').waitFor({ state: 'detached' });
  });

  await step('it is edited, and its history says so', async () => {
    await binh.go(`#/record/${record}`);
    await binh.at('edit').click();
    await binh.at('attendances').fill('42');
    await binh.at('note').fill('Bà con hỏi nhiều về đường dây nóng.');
    await binh.at('finish').click();
    await binh.at('edit').waitFor();
    await binh.page.locator('details', { hasText: 'Lịch sử' }).locator('summary').click();
    await binh.says(/Lượt người nghe: 11 → 42/, binh.at('history'));
    await binh.says(/Tờ rơi 50\b/);
  });

  await step('sent is told apart from received', async () => {
    await binh.go('#/');
    const standing = binh.page.locator('section', { hasText: 'Bản ghi đang ở đâu' });
    await binh.says(/Chỉ có trên máy này 1\b/, standing);
    await binh.offline(false);
    await binh.sync();
    await binh.says(/Chỉ có trên máy này 0 .*Máy chủ đã nhận 1\b/, standing);
  });

  await step('what the officer wrote back comes first', async () => {
    await officer.do('sync');
    await officer.do('review', 'return', record.slice(0, 12), '--comment', 'Đề nghị bổ sung số sổ tay đã phát');
    await officer.do('sync');
    await binh.sync();
    const row = binh.at('returned-row');
    await row.waitFor();
    assert.equal(await row.getAttribute('data-id'), record);
    await binh.says('Đề nghị bổ sung số sổ tay đã phát', row);
    await row.getByRole('button', { name: /Bổ sung/ }).click();
    await binh.at('material-handbook').fill('5');
    await binh.at('finish').click();
    await binh.at('edit').waitFor();
    await binh.sync();
    await binh.at('returned-row').waitFor({ state: 'detached' });
    await officer.do('sync');
    const [found] = (await officer.list()).filter((line) => line.id === record);
    assert.equal(found.review_state, 'amended');
    assert.equal(found.material.handbook, 5);
  });

  await step('a colleague adds an own tally and the total is the sum', async () => {
    await chi.sync();
    await chi.go(`#/record/${record}`);
    await chi.at('add-tally').click();
    await chi.at('material-leaflet').fill('12');
    await chi.at('finish').click();
    await chi.at('edit').waitFor();
    await chi.says(/Tờ rơi 62\b/);
  });

  await step('two who differ are shown each other’s value and one chooses', async () => {
    await chi.sync();
    await binh.sync();
    for (const [phone, count] of [[binh, '45'], [chi, '50']]) {
      await phone.offline(true);
      await phone.go(`#/record/${record}`);
      await phone.at('edit').click();
      await phone.at('attendances').fill(count);
      await phone.at('finish').click();
      await phone.at('edit').waitFor();
      await phone.offline(false);
    }
    await chi.sync();
    await binh.sync();
    await binh.at('conflicts').click();
    await binh.page.locator(`[data-testid=record-row][data-id="${record}"]`).click();
    const conflict = binh.at('conflict');
    await conflict.waitFor();
    for (const part of ['45', '50', 'Tôi', 'Trần Chi']) await binh.says(part, conflict);
    await binh.at('conflict-value').filter({ hasText: '50' }).click();
    await conflict.waitFor({ state: 'detached' });
    await binh.sync();
    await chi.sync();
    await officer.do('sync');
    const [found] = (await officer.list()).filter((line) => line.id === record);
    assert.deepEqual(found.conflicts, []);
    assert.equal(found.attendances, 50);
  });

  await step('a void record stays on file with its reason and leaves the counts', async () => {
    await binh.go(`#/record/${record}`);
    await binh.at('void').click();
    await binh.at('void-confirm').click();
    await binh.page.getByText('Ghi lý do, từ 1 đến 200 ký tự').waitFor();
    await binh.page.getByRole('button', { name: 'Ghi trùng' }).click();
    await binh.at('void-confirm').click();
    await binh.page.getByText('Bản ghi đã hủy, không tính vào số liệu').waitFor();
    await binh.page.getByText('Ghi trùng').first().waitFor();
    await binh.sync();
    await officer.do('sync');
    const voided = JSON.parse(await officer.do('list', '--void', '--json')).find((line) => line.id === record);
    assert.equal(voided.void, true);
  });
});

test('what a form does not accept is said beside the field and nothing is lost', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.open('not-enrolled');

  await step('enrolment says what a code and a PIN are', async () => {
    await phone.at('enrol-code').fill('G8PS');
    await phone.at('enrol-pin').fill('123456');
    await phone.at('enrol-submit').click();
    await phone.page.getByText('Mã gồm 10 chữ và số, ví dụ G8PS-NDRC-9P').waitFor();
    await phone.page.getByText('Mã PIN này dễ đoán').waitFor();
  });

  await step('a number that is none stays in sight and keeps the form open', async () => {
    await phone.enrol(await server.code('binh'));
    await phone.at('new-session').click();
    await phone.at('attendances').fill('4x');
    await phone.at('finish').click();
    await phone.page.getByText('Chỉ nhận số nguyên từ 0 đến 1.000.000').waitFor();
    assert.equal(await phone.at('attendances').inputValue(), '4x');
    await phone.at('attendances').fill('40');
    await phone.at('finish').click();
    await phone.page.locator('[data-field=village] [aria-invalid=true]').waitFor();
    await chooseVillage(phone, 'dong thanh', 'Đồng Thanh');
  });

  await step('parts larger than the whole are named beside the part', async () => {
    await phone.page.locator('summary', { hasText: 'Người nghe gồm những ai' }).click();
    await phone.page.getByRole('textbox', { name: 'Trong đó: nữ' }).fill('41');
    await phone.page.getByText('Không được lớn hơn lượt người nghe (40)').waitFor();
    await phone.page.getByRole('textbox', { name: 'Trong đó: nữ' }).fill('21');
    await phone.page.getByText('Không được lớn hơn lượt người nghe (40)').waitFor({ state: 'detached' });
  });

  await step('a note that looks like a phone number is pointed at', async () => {
    await phone.at('note').fill('Gọi 0912 345 678');
    await phone.page.getByText('Có vẻ có số điện thoại hoặc số giấy tờ').waitFor();
    await phone.at('note').fill('Bà con hỏi về số 18001769');
    await phone.page.getByText('Có vẻ có số điện thoại hoặc số giấy tờ').waitFor({ state: 'detached' });
  });

  await step('a day after today is not accepted, and a day is read as people write it', async () => {
    const day = phone.page.getByRole('textbox', { name: 'Ngày thực hiện' });
    await day.fill('1/1/2099');
    await phone.page.getByText('Ngày thực hiện không được sau hôm nay').waitFor();
    await day.fill('3/7/2026');
    await day.blur();
    assert.equal(await day.inputValue(), '03/07/2026');
    await phone.at('finish').click();
    await phone.at('edit').waitFor();
    await phone.says('Thứ sáu, 03/07/2026');
  });

  await step('a panel check asks for its site and what was found', async () => {
    await phone.go('#/');
    await phone.at('new-panel-check').click();
    await phone.at('finish').click();
    await phone.page.locator('[data-field=site] [aria-invalid=true]').waitFor();
    await phone.at('panel-option').first().click();
    await phone.page.getByLabel('Mờ, rách').check();
    await phone.page.getByLabel('Số điện thoại trên pano bị sai').check();
    await phone.at('finish').click();
    await phone.at('edit').waitFor();
    await phone.says('Tình trạng pano Mờ, rách');
  });
});
