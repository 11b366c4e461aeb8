/** Hands a file to whatever carries it: the phone's share sheet, or a download. */

import type { DeviceFile } from '../device/contract';

function asFile(file: DeviceFile): File {
  return new File([file.bytes as Uint8Array<ArrayBuffer>], file.name, { type: file.mediaType });
}

/** Whether the phone can share this file. */
export function canShare(file: DeviceFile): boolean {
  return typeof navigator.canShare === 'function' && navigator.canShare({ files: [asFile(file)] });
}

/** Opens the share sheet; resolves also when the person closed it. */
export async function share(file: DeviceFile): Promise<void> {
  try {
    await navigator.share({ files: [asFile(file)], title: file.name });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
  }
}

/** Saves the file among the phone's downloads. */
export function download(file: DeviceFile): void {
  const url = URL.createObjectURL(asFile(file));
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  link.click();
  // The download has its own hold on the bytes once it began.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
