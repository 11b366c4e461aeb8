import { expect, test } from 'vitest';

import { enrol } from '../i18n/words/app';
import { pinFault } from './pin';

test('a PIN has six to sixty-four characters', () => {
  expect(pinFault('24681')).toBe(enrol.pinAccepted);
  expect(pinFault('7'.repeat(65))).toBe(enrol.pinAccepted);
  expect(pinFault('246813')).toBeUndefined();
});

test('a run or one digit over and over is too easy', () => {
  for (const pin of ['123456', '987654', '000000', '1111111']) expect(pinFault(pin)).toBe(enrol.pinWeak);
});
