import { expect, test } from 'vitest';

import { Cipher } from './cipher';

const cipher = () => Cipher.of(new Uint8Array(32).fill(3));

test('what was sealed opens at its place alone', async () => {
  const one = await cipher();
  const sealed = await one.sealJson('body/1', { note: 'Nà Choòng' });
  expect(await one.openJson('body/1', sealed)).toEqual({ note: 'Nà Choòng' });
  await expect(one.open('body/2', sealed)).rejects.toThrow();
});

test('an altered byte is found', async () => {
  const one = await cipher();
  const sealed = await one.seal('body/1', new Uint8Array([1, 2, 3]));
  for (const at of [0, 12, sealed.length - 1]) {
    const altered = sealed.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    await expect(one.open('body/1', altered)).rejects.toThrow();
  }
});

test('the same text is never sealed alike twice', async () => {
  const one = await cipher();
  const [a, b] = [await one.sealJson('x', 'y'), await one.sealJson('x', 'y')];
  expect(a).not.toEqual(b);
});
