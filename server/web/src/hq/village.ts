/** A village as people say it: `Thôn Nà Choòng`, and `Khu 1` where the name holds its kind already. */

import { capital } from '../i18n/format';
import { folded } from './entry/fold';

export function villageName(village: { kind: string; name: string }): string {
  const { kind, name } = village;
  return capital(kind === '' || folded(name).startsWith(`${folded(kind)} `) ? name : `${kind} ${name}`);
}
