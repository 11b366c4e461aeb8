/** The administrator's pages, and who may open which page of headquarters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openDesk } from './harness/desk.mjs';
import { openPhone } from './harness/phone.mjs';
import { startServer } from './harness/server.mjs';
import { story } from './harness/story.mjs';

const HOANH_MO = '2025-06841';
const BINH_LIEU = '2025-06838';

/** Every page and the roles that see it: o(fficer), c(oordinator), a(dministrator). */
const PAGES = {
  inbox: 'oca',
  sessions: 'oca',
  devices: 'oca',
  coverage: 'oca',
  trend: 'oca',
  map: 'oca',
  unreached: 'oca',
  choices: 'oca',
  plans: 'oca',
  material: 'oca',
  panels: 'oca',
  clubs: 'oca',
  media: 'oca',
  figures: 'oca',
  exports: 'oca',
  audit: 'ca',
  import: 'ca',
  accounts: 'a',
  posts: 'a',
  settings: 'a',
};

async function withPeople(t) {
  const server = await startServer(t);
  await server.person({ username: 'dieu.phoi', name: 'Lê Văn Phối', role: 'coordinator' });
  await server.person({ username: 'quan.tri', name: 'Phạm Thị Trị', role: 'administrator' });
  return server;
}

test('accounts, posts and settings are kept in the browser', async (t) => {
  const step = story(t);
  const server = await withPeople(t);
  const desk = await openDesk(t, server, 'quan.tri');
  const row = (name) => desk.page.locator('[data-testid=account-row]', { hasText: name });
  let made;

  await step('an account is made; what is not accepted is said beside its field and nothing typed is lost', async () => {
    await desk.open('accounts');
    await desk.at('account-add').click();
    await desk.at('account-name').fill('Chíu Văn Mới');
    await desk.at('account-username').fill('Mới');
    await desk.at('account-password').fill('ngan');
    await desk.at('entry-save').click();
    await desk.says('Chọn ít nhất một xã, phường', desk.at('entry-dialog'));
    await desk.at('area-search').fill('hoanh mo');
    await desk.row('area-option', HOANH_MO).click();
    await desk.at('entry-save').click();
    await desk.says('3 đến 40 ký tự', desk.at('entry-dialog'));
    await desk.at('account-username').fill('binh');
    await desk.at('account-password').fill('suoi-reo-duoi-nui');
    await desk.at('entry-save').click();
    // The server knows that name already.
    await desk.at('entry-dialog').getByRole('alert').or(desk.at('entry-dialog').locator('.error')).first().waitFor();
    assert.equal(await desk.at('account-name').inputValue(), 'Chíu Văn Mới');
    await desk.at('account-username').fill('moi');
    await desk.at('entry-save').click();
    await desk.at('entry-dialog').waitFor({ state: 'detached' });
    await desk.says('Cán bộ biên phòng', row('Chíu Văn Mới'));
    made = await row('Chíu Văn Mới').getAttribute('data-id');
  });

  await step('it gets a post and another role, and its device code works', async () => {
    await desk.row('account-row', made).getByTestId('account-edit').click();
    await desk.choose('account-post', 'hoanh-mo');
    await desk.choose('account-role', 'officer');
    await desk.at('entry-save').click();
    await desk.at('entry-dialog').waitFor({ state: 'detached' });
    await desk.says(/Cán bộ xã.*Hoành Mô.*Đồn Biên phòng cửa khẩu Hoành Mô/, desk.row('account-row', made));
    await desk.inspect('accounts');
    await server.terminal('moi');
  });

  await step('a reset password and a closed account shut its devices out', async () => {
    await desk.row('account-row', made).getByTestId('account-edit').click();
    await desk.at('account-reset').click();
    await desk.at('account-password').fill('mat-khau-moi-2026');
    await desk.at('entry-save').click();
    await desk.says('không chứa tên đăng nhập', desk.at('entry-dialog'));
    await desk.at('account-password').fill('suoi-xuoi-dong-2026');
    await desk.at('entry-save').click();
    await desk.page.getByText('Đã đặt lại mật khẩu của Chíu Văn Mới').waitFor();
    await desk.row('account-row', made).getByTestId('account-edit').click();
    await desk.at('account-active').click();
    await desk.at('entry-save').click();
    await desk.says('Đã khóa', desk.row('account-row', made));
    await assert.rejects(server.code('moi'));
  });

  await step('a post works in several communes, and a commune has several posts', async () => {
    await desk.open('posts');
    await desk.at('post-add').click();
    await desk.at('post-name').fill('Trạm kiểm soát Tình Húc');
    await desk.at('post-id').fill('tinh-huc');
    await desk.choose('post-kind', 'station');
    await desk.choose('post-part', 'binh-lieu');
    for (const [letters, area] of [['hoanh mo', HOANH_MO], ['binh lieu', BINH_LIEU]]) {
      await desk.at('area-search').fill(letters);
      await desk.row('area-option', area).click();
    }
    await desk.at('entry-save').click();
    await desk.at('entry-dialog').waitFor({ state: 'detached' });
    for (const said of ['Trạm', 'Đồn Biên phòng Bình Liêu', 'Xã Hoành Mô', 'Xã Bình Liêu']) await desk.says(said, desk.row('post-row', 'tinh-huc'));
    await desk.row('post-row', 'tinh-huc').getByTestId('post-edit').click();
    await desk.at('post-name').fill('Trạm Biên phòng Tình Húc');
    await desk.at('entry-save').click();
    await desk.says('Trạm Biên phòng Tình Húc', desk.row('post-row', 'tinh-huc'));
    await desk.inspect('posts');
  });

  await step('settings say what they accept, are kept, and hold on the pages', async () => {
    await desk.open('settings');
    await desk.at('setting-closing_day').fill('40');
    await desk.at('settings-save').click();
    await desk.says('Số nguyên từ 0 đến 28', desk.page.locator('form'));
    await desk.at('setting-closing_day').fill('14');
    await desk.at('setting-unreached_days').fill('45');
    await desk.at('settings-save').click();
    await desk.page.getByText('Đã lưu cài đặt').waitFor();
    await desk.inspect('settings');
    await desk.open('unreached');
    assert.equal(await desk.at('days').inputValue(), '45');
    await desk.open('coverage', { kind: 'month', of: '2026-03' });
    await desk.says('03/2026', desk.at('coverage-table'));
    const address = desk.page.locator('[data-testid=figure-sessions] a');
    assert.match(await address.getAttribute('href'), /from=2026-02-15&to=2026-03-14/);
  });

  await step('a ground map of the settings is asked for after a reload, and no other server before', async () => {
    const style = { version: 8, sources: {}, layers: [{ id: 'sea', type: 'background', paint: { 'background-color': '#0000ff' } }] };
    const asked = [];
    await desk.page.route('https://ban-do.invalid/**', (route) => {
      asked.push(route.request().url());
      return route.fulfill({ json: style, headers: { 'access-control-allow-origin': '*' } });
    });
    await desk.open('settings');
    await desk.at('setting-basemap_style_url').fill('http://ban-do.invalid/style.json');
    await desk.at('settings-save').click();
    await desk.says('địa chỉ https', desk.page.locator('form'));
    await desk.at('setting-basemap_style_url').fill('https://ban-do.invalid/style.json');
    await desk.at('settings-save').click();
    await desk.page.getByText('Đã lưu cài đặt').waitFor();
    await desk.open('map');
    // The page that runs was fetched before: its policy names nobody else.
    await desk.at('ground-failed').waitFor();
    assert.deepEqual(asked, []);
    const policy = desk.phone.complaints.splice(0);
    assert.ok(policy.length > 0 && policy.every((said) => said.includes('https://ban-do.invalid/')), policy.join('\n'));
    await desk.at('ground-renew').click();
    await desk.phone.unlock();
    await desk.open('map');
    const map = desk.page.locator('[data-testid=map][data-idle=true]');
    await map.waitFor();
    await desk.page.waitForFunction(() => document.querySelector('[data-testid=map-row]'));
    assert.equal(await desk.at('ground-failed').count(), 0);
    assert.ok(asked.length > 0);
    assert.ok((await desk.pixels(map, [0, 0, 255])) > 1_000, 'the ground map is drawn below the points');
  });

  await step('all of it stands in the audit, by name', async () => {
    await desk.open('audit');
    for (const action of ['Tạo tài khoản', 'Đổi quyền', 'Đặt lại mật khẩu', 'Khóa tài khoản', 'Đổi cài đặt']) {
      await desk.page.locator('[data-testid=audit-row]', { hasText: action }).first().waitFor();
    }
  });
});

test('each role sees its own pages and no others, an officer only the own areas', async (t) => {
  const server = await withPeople(t);
  for (const [role, username] of [['officer', 'can.bo'], ['coordinator', 'dieu.phoi'], ['administrator', 'quan.tri']]) {
    await t.test(role, async (t) => {
      const desk = await openDesk(t, server, username);
      await desk.at('hq-nav').waitFor();
      for (const [page, roles] of Object.entries(PAGES)) {
        const may = roles.includes(role[0]);
        await desk.phone.go(`#/hq/${page}`);
        const opened = desk.page.locator(`[data-testid=hq-page][data-page="${page}"]`);
        const refused = desk.page.getByText('Không có trang này cho vai trò của đồng chí');
        await (may ? opened : refused).waitFor();
        assert.equal(await (may ? refused : opened).count(), 0, `${role}: ${page}`);
        await desk.loaded();
        assert.equal(await desk.at('hq-error').count(), 0, `${role}: ${page} loads`);
        assert.equal(await desk.page.locator(`[data-testid=hq-nav] a[href="#/hq/${page}"]`).count(), may ? 1 : 0, `${role}: ${page} in the navigation`);
      }
      if (role === 'officer') {
        await desk.open('coverage');
        await desk.page.getByTestId('coverage-commune').first().waitFor();
        const communes = await desk.page.getByTestId('coverage-commune').evaluateAll((rows) => rows.map((of) => of.dataset.id));
        assert.deepEqual(communes.sort(), ['2025-06841', '2025-06856']);
        await desk.open('map');
        await desk.page.getByTestId('map-row').first().waitFor();
        const places = await desk.page.getByTestId('map-row').evaluateAll((rows) => rows.map((of) => of.dataset.id));
        assert.deepEqual(places.sort(), ['2025-06841', '2025-06856']);
        for (const add of ['plans', 'material', 'figures']) {
          await desk.open(add);
          assert.equal(await desk.page.locator('main .button.primary').count(), 0, `${add}: an officer reads`);
        }
      }
    });
  }

  await t.test('a guard has nothing of headquarters', async (t) => {
    const phone = await openPhone(t, server.url);
    await phone.enrol(await server.code('binh'));
    const asked = [];
    phone.context.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await phone.go('#/hq/coverage');
    await phone.page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await phone.at('hq').count(), 0);
    assert.deepEqual(asked.filter((path) => path.startsWith('/assets/hq/')), []);
  });
});
