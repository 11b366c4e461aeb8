/** A phone enrols by the code of its post: through the address its QR code names, by the camera, or typed. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ALLOWED, CAMERA, cameras, film, giveReader, modulesFor, modulesOf, read, showing } from './harness/camera.mjs';
import { PIN, openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';

const PICTURES = fileURLToPath(new URL('../../target/screenshots', import.meta.url));

/** Sets the PIN, enrols, and goes on to the villages of the first record. */
async function finish(phone) {
  await phone.at('enrol-pin').fill(PIN);
  await phone.at('enrol-pin-again').fill(PIN);
  await phone.at('enrol-submit').click();
  await phone.phase('open');
  await phone.synced();
  await phone.at('new-session').click();
  await phone.at('village').fill('na choong');
  await phone.at('village-option').filter({ hasText: 'Nà Choòng' }).first().waitFor();
}

const hash = (phone) => new URL(phone.page.url()).hash;
const codeField = (phone) => phone.at('enrol-code').inputValue();
const focused = (phone) => phone.page.evaluate(() => document.activeElement?.dataset.testid);
const states = async (phone) => (await cameras(phone)).map(({ state }) => state);

async function openScanner(phone) {
  await phone.at('scan').click();
  await phone.at('scanner').waitFor();
}

/** Closes the scanner to type; the camera is off and the field has the focus. */
async function typeInstead(phone) {
  await phone.at('type-code').click();
  await phone.at('scanner').waitFor({ state: 'detached' });
  assert.equal(await focused(phone), 'enrol-code');
}

test('the address of the QR code that is printed enrols', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  const { code, drawn } = await server.printed('binh');
  const address = read(modulesOf(drawn));
  assert.equal(address, `${server.url}/#enrol=${code}`);
  await phone.page.goto(address);
  await phone.phase('not-enrolled');
  assert.equal(await codeField(phone), code);
  assert.equal(hash(phone), '#/', 'the code does not stay in the address');

  await t.test('so does one that is opened while the screen is open already', async () => {
    const other = await server.printed('chi');
    await phone.page.goto(read(modulesOf(other.drawn)));
    await phone.page.waitForFunction(() => location.hash === '#/');
    assert.equal(await codeField(phone), other.code);
    await phone.page.goto(address);
    await phone.page.waitForFunction(() => location.hash === '#/');
    assert.equal(await codeField(phone), code);
  });

  await t.test('up to the villages of the first record', () => finish(phone));

  await t.test('a phone that is enrolled says so and goes home', async () => {
    await phone.page.goto(address);
    await phone.page.getByText('Máy này đã đăng ký').waitFor();
    assert.equal(hash(phone), '#/');
    await phone.at('new-session').waitFor();
  });

  await t.test('one that is locked too', async () => {
    await phone.page.reload();
    await phone.phase('locked');
    await phone.page.goto(address);
    await phone.page.getByText('Máy này đã đăng ký').waitFor();
    await phone.unlock();
    await phone.at('new-session').waitFor();
  });
});

test('an address with a damaged code shows what a code looks like', async (t) => {
  const server = await startServer(t);
  const phone = await openPhone(t, server.url);
  await phone.open('not-enrolled', '#enrol=G8PS%E0%A4%A');
  await phone.at('enrol-submit').click();
  await phone.page.getByText('Mã gồm 10 chữ và số').waitFor();
  assert.equal(await focused(phone), 'enrol-code');
});

test('the camera reads the QR code that is printed', async (t) => {
  const server = await startServer(t);
  const directory = await mkdtemp(join(tmpdir(), 'banlang-film-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const shown = join(directory, 'shown.y4m');
  const { code, drawn } = await server.printed('binh');
  await film(shown, modulesFor('WIFI:T:WPA;S:Don Hoanh Mo;P:100%;;'));
  const phone = await openPhone(t, server.url, { flags: showing(shown) });
  await giveReader(phone);
  await mkdir(PICTURES, { recursive: true });
  await phone.open('not-enrolled');

  await t.test('a scanner that is closed at once leaves no camera on', async () => {
    await openScanner(phone);
    await phone.page.keyboard.press('Escape');
    await phone.at('scanner').waitFor({ state: 'detached' });
    assert.deepEqual(await states(phone), ['ended']);
    assert.equal(await focused(phone), 'enrol-code');
  });

  await t.test('a QR code of something else is refused with what is accepted', async () => {
    await openScanner(phone);
    await phone.says(/không phải mã đăng ký.*10 chữ và số/, phone.at('scanner'));
    assert.deepEqual((await states(phone)).at(-1), 'live', 'it goes on looking');
    await phone.page.screenshot({ path: join(PICTURES, 'scan-other-360.png') });
    await typeInstead(phone);
    assert.deepEqual((await states(phone)).at(-1), 'ended');
    assert.equal(await codeField(phone), '');
  });

  await t.test('the code of the post is filled in, and the camera is off', async () => {
    await film(shown, modulesOf(drawn));
    await openScanner(phone);
    await phone.at('scanner').waitFor({ state: 'detached' });
    assert.equal(await codeField(phone), code);
    const all = await cameras(phone);
    assert.deepEqual(all.at(-1), { asked: { video: { facingMode: 'environment' } }, state: 'ended' });
    assert.deepEqual(all.map(({ state }) => state), ['ended', 'ended', 'ended']);
    assert.equal(await focused(phone), 'enrol-pin');
    await phone.page.screenshot({ path: join(PICTURES, 'scan-read-360.png') });
  });

  await t.test('up to the villages of the first record', () => finish(phone));
});

for (const [what, flags, denied, said] of [
  ['may not be used', CAMERA, true, /chưa được phép dùng camera/],
  ['is not there', ALLOWED, false, /Không tìm thấy camera/],
]) {
  test(`a camera that ${what}: it is said, and the code is typed`, async (t) => {
    const server = await startServer(t);
    const phone = await openPhone(t, server.url, { flags });
    await giveReader(phone);
    await phone.open('not-enrolled');
    if (denied) {
      const session = await phone.context.newCDPSession(phone.page);
      await session.send('Browser.setPermission', { origin: server.url, permission: { name: 'camera' }, setting: 'denied' });
    }
    await openScanner(phone);
    await phone.says(said, phone.at('scanner'));
    await phone.says(/gõ mã/, phone.at('scanner'));
    assert.deepEqual(await states(phone), ['refused']);
    await phone.page.screenshot({ path: join(PICTURES, `scan-${denied ? 'denied' : 'none'}-360.png`) });
    await typeInstead(phone);
    const code = await server.code('binh');
    await phone.page.keyboard.type(code.toLowerCase());
    await finish(phone);
  });
}
