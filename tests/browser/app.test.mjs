/** The app as something that is fetched, installed and replaced. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { openLink } from './harness/link.mjs';
import { openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { openVersions } from './harness/versions.mjs';

const web = fileURLToPath(new URL('../../server/web', import.meta.url));
const BUDGET_BYTES = 600_000;

const installed = (phone) => phone.page.evaluate(() => navigator.serviceWorker.ready.then(({ active }) => active.state));

test('a first visit stays within its budget, asks nobody else and is strict', async (t) => {
  const server = await startServer(t);
  const link = await openLink(t, server.url);
  const phone = await openPhone(t, link.url);
  const hosts = new Set();
  phone.context.on('request', (request) => hosts.add(new URL(request.url()).origin));
  await phone.open('not-enrolled');
  await installed(phone);
  const app = link.up + link.down;
  await phone.enrol(await server.code('binh'));
  const all = link.up + link.down;
  t.diagnostic(`over the wire, heads and both ways: the app ${app} B, with enrolment, first sync and reference data ${all} B`);
  assert.ok(all <= BUDGET_BYTES, `${all} B`);
  assert.deepEqual([...hosts], [link.url]);

  await t.test('the page may run its own scripts and speak to its own server, nothing else', async () => {
    const { headers } = await fetch(link.url);
    const policy = headers.get('content-security-policy');
    for (const rule of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(rule), policy);
    }
    assert.ok(!policy.includes('unsafe-inline') && !/'unsafe-eval'/.test(policy), policy);
    const refused = await phone.page.evaluate(() => fetch('https://example.invalid/').then(() => 'went', () => 'refused'));
    assert.equal(refused, 'refused');
    phone.complaints = phone.complaints.filter((said) => !said.includes('example.invalid'));
  });

  await t.test('it can be installed', async () => {
    const { errors } = await (await phone.context.newCDPSession(phone.page)).send('Page.getAppManifest');
    assert.deepEqual(errors, []);
    const session = await phone.context.newCDPSession(phone.page);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId), []);
  });

  await t.test('files whose name carries their hash are kept for ever, the page is asked for anew', async () => {
    const page = await fetch(link.url);
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const again = await fetch(link.url, { headers: { 'if-none-match': page.headers.get('etag') } });
    assert.equal(again.status, 304);
    const asset = /src="(\/assets\/[^"]+)"/.exec(await page.text())[1];
    assert.match((await fetch(link.url + asset)).headers.get('cache-control'), /immutable/);
  });
});

test('a new version waits, mixes with nothing and loses no open draft', async (t) => {
  const server = await startServer(t);
  const next = await mkdtemp(join(tmpdir(), 'banlang-next-'));
  t.after(() => rm(next, { recursive: true, force: true }));
  await promisify(execFile)('npx', ['vite', 'build', '--outDir', next, '--emptyOutDir'], {
    cwd: web,
    env: { ...process.env, BANLANG_WEB_VERSION: '9.9.9' },
  });
  const versions = await openVersions(t, server.url, join(web, 'dist'));
  const phone = await openPhone(t, versions.url);
  await phone.enrol(await server.code('binh'));
  await installed(phone);
  // What a page loads comes from the version that started it: which files those are is known.
  const scripts = () =>
    phone.page.evaluate(() => [...document.querySelectorAll('script[src], link[rel=stylesheet]')].map((of) => new URL(of.src ?? of.href).pathname.split('/').at(-1)));
  const filesOf = async (build) => new Set(await readdir(join(build, 'assets')));
  await phone.page.reload();
  await phone.unlock();
  await phone.at('new-session').click();
  await phone.at('note').fill('Đang ghi thì có bản mới');
  const draft = phone.page.url();

  versions.build = next;
  await phone.page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()).then(() => undefined));
  await phone.at('update-ready').waitFor();
  const old = await filesOf(join(web, 'dist'));
  assert.ok((await scripts()).every((file) => old.has(file)), 'the page is still the old one');
  const cached = await phone.page.evaluate(async (file) => (await fetch(`/assets/${file}`)).status, [...old].find((name) => name.endsWith('.wasm')));
  assert.equal(cached, 200, 'and its files are still there');
  await phone.at('note').fill('Đang ghi thì có bản mới, ghi tiếp');

  // The old page locks before it gives way: only the next one to load is the new version's.
  const loaded = phone.page.waitForEvent('load');
  await phone.at('apply-update').click();
  await loaded;
  await phone.phase('locked');
  const fresh = await filesOf(next);
  assert.ok((await scripts()).every((file) => fresh.has(file)), 'the page is the new one');
  await phone.unlock();
  await phone.page.goto(draft);
  assert.equal(await phone.at('note').inputValue(), 'Đang ghi thì có bản mới, ghi tiếp');
  await phone.go('#/phone');
  await phone.page.getByText('9.9.9').waitFor();
});
