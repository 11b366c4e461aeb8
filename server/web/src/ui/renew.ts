/** A file that could not be fetched is not asked for again by the page that asked: another page has to. */

import { phone } from './phone.svelte';

/** Loads the app anew; the newer version, where one waits. What is typed or decided is on this device either way. */
export async function renew(): Promise<void> {
  if (phone.state?.updateReady) await phone.device.applyUpdate();
  else location.reload();
}
