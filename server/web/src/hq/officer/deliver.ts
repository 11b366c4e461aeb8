/** Brings what was recorded on this device to the server. */

import { phone } from '../../ui/phone.svelte';

/** True once the server signed for everything recorded before this call; false when it could not be reached. */
export async function delivered(): Promise<boolean> {
  try {
    await phone.device.sync(true);
    return true;
  } catch {
    return false;
  }
}
