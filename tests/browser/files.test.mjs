/** Records without a network: a file by hand, carried by a colleague, receipts back. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';

async function saved(phone, press) {
  const [download] = await Promise.all([phone.page.waitForEvent('download'), press()]);
  return { name: download.suggestedFilename(), mimeType: 'application/octet-stream', buffer: await readFile(await download.path()) };
}

test('a file carried by a colleague reaches the server and its receipts come back', async (t) => {
  const server = await startServer(t);
  const binh = await openPhone(t, server.url, { acceptDownloads: true });
  const chi = await openPhone(t, server.url, { acceptDownloads: true });
  await binh.enrol(await server.code('binh'));
  await chi.enrol(await server.code('chi'));
  await binh.offline(true);
  await binh.at('new-session').click();
  await binh.at('village').fill('na choong');
  await binh.at('village-option').filter({ hasText: 'Nà Choòng' }).first().click();
  await binh.at('attendances').fill('33');
  await binh.at('note').fill('Chỉ cấp trên đọc được');
  await binh.at('finish').click();
  await binh.at('edit').waitFor();
  const record = new URL(binh.page.url()).hash.split('/')[2];

  await binh.go('#/carry');
  await binh.at('export').click();
  const file = await saved(binh, () => binh.at('export-save').click());
  assert.ok(!file.buffer.includes('Chỉ cấp trên'), 'nobody on the way reads it');
  assert.ok(file.buffer.subarray(0, 21).equals(Buffer.from('age-encryption.org/v1')));

  await chi.go('#/carry');
  await chi.at('import-file').setInputFiles(file);
  await chi.page.locator('[data-testid=carried][data-phase=delivered]').waitFor();
  const receipts = await saved(chi, () => chi.at('receipts').click());

  await t.test('the server has the record although its phone never called', async () => {
    const officer = await server.terminal('can.bo');
    assert.ok((await officer.list()).some(({ id }) => id === record));
  });

  await t.test('receipts are for their own phone and tell it that the server has the record', async () => {
    await chi.at('import-file').setInputFiles(receipts);
    await chi.page.getByText('Biên nhận này dành cho máy khác').waitFor();
    await binh.at('import-file').setInputFiles(receipts);
    await binh.at('imported').waitFor();
    await binh.go(`#/record/${record}`);
    await binh.page.getByText('Máy chủ đã nhận').first().waitFor();
  });

  await t.test('a file of another kind is named as one', async () => {
    await binh.go('#/carry');
    await binh.at('import-file').setInputFiles({ name: 'anh.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('nothing of this app') });
    await binh.page.getByText('Tệp này không phải của ứng dụng').waitFor();
  });
});
