/** Headquarters when something is missing: its own files, the server, the network. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openDesk } from './harness/desk.mjs';
import { count, pane, row } from './harness/inbox.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

/** Files of headquarters that the browser asks for. */
const FILES = '**/assets/hq/**';

test('files of headquarters that do not come are told of, and can be asked for again', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const desk = await openDesk(t, server, 'can.bo');
  const { page } = desk;
  const refuse = (route) => route.abort('connectionreset');

  await step('headquarters itself: it says so, and the field app is one press away', async () => {
    await page.route(FILES, refuse);
    await page.reload();
    await desk.phone.unlock();
    await desk.at('office-waits').waitFor();
    await page.getByText('Chưa mở được trang cơ quan').waitFor();
    assert.deepEqual(await desk.objections(), []);
    await page.screenshot({ path: desk.picture('not-loaded') });
    await page.getByRole('link', { name: 'Về trang chính' }).click();
    await desk.at('new-session').waitFor();
    await page.goBack();
    await desk.at('office-waits').waitFor();
  });

  await step('asked for again when they can be had, it opens', async () => {
    await page.unroute(FILES);
    await desk.at('office-reload').click();
    await desk.phone.unlock();
    await desk.at('hq').waitFor();
    await count(desk, 'new', 0);
  });

  await step('one page of it: the others stay in reach', async () => {
    await page.route(FILES, refuse);
    await desk.phone.go('#/hq/devices');
    await desk.at('hq-error').waitFor();
    await page.getByText('Chưa mở được trang.').waitFor();
    assert.deepEqual(await desk.objections(), []);
    await desk.phone.go('#/hq/inbox');
    await desk.at('state-new').waitFor();
    await desk.phone.go('#/hq/devices');
    await desk.at('hq-error').waitFor();
    await page.unroute(FILES);
    await desk.at('hq-retry').click();
    await desk.phone.unlock();
    await page.locator('[data-testid=hq-page][data-page=devices] h1').waitFor();
  });
});

test('a list that the server does not answer says so, and comes when it is asked for again', async (t) => {
  const step = story(t);
  const server = await startServer(t);
  const chi = await server.terminal('chi');
  const first = await chi.record('Nà Choòng', 42);
  await chi.do('sync');
  const desk = await openDesk(t, server, 'can.bo');

  await step('an inbox that was never here: one error, no empty list', async () => {
    await pane(desk, first).waitFor();
    await desk.open('duplicates');
    await server.stop();
    await desk.phone.go('#/hq/inbox/amended');
    await desk.at('hq-error').waitFor();
    assert.equal(await desk.at('hq-error').count(), 1);
    assert.equal(await desk.at('hq-empty').count(), 0, 'not known is not none');
    await desk.inspect('inbox-error');
  });

  await step('asked again it is there: empty, and says that all is done', async () => {
    await server.start();
    await desk.at('hq-retry').click();
    await desk.at('hq-error').waitFor({ state: 'detached' });
    await desk.says('Đã xem hết', desk.at('hq-empty'));
    await count(desk, 'new', 1);
  });

  await step('another state shows its own, never what stood there before', async () => {
    await desk.at('state-new').click();
    await row(desk, first).waitFor();
    await pane(desk, first).waitFor();
    await server.stop();
    await desk.at('state-returned').click();
    await desk.at('hq-error').waitFor();
    assert.equal(await desk.at('inbox-row').count(), 0);
    assert.equal(await desk.at('pane').count(), 0);
    await server.start();
    await desk.at('hq-retry').first().click();
    await desk.at('hq-empty').waitFor();
    assert.equal(await desk.at('pane').count(), 0);
  });
});

test('an officer without a connection is told so, and records in the field app all the same', async (t) => {
  const server = await startServer(t);
  const desk = await openDesk(t, server, 'can.bo');
  await desk.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await desk.phone.offline(true);
  await desk.page.reload();
  await desk.phone.unlock();
  // The pages are still in the browser's own cache; what they ask for is not.
  await desk.at('hq-error').first().waitFor();
  await desk.at('hq-retry').first().waitFor();
  await desk.at('hq-to-field').click();
  await desk.at('new-session').waitFor();
});
