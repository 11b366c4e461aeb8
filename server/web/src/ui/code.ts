/** Enrolment codes as they are typed, scanned or linked to. */

/** Ten characters of Crockford's base 32 in groups, as `banlang device enrol-code` prints them. */
const CODE = /^[0-9A-HJKMNP-TV-Z]{10}$/;

/** Percent signs of an address resolved; a text in which they stand for nothing stays as it is. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The code in a typed text, a QR code or an address that ends in `#enrol=CODE`, as `XXXX-XXXX-XX`; `undefined` when there
 * is none. I and L are read as 1, O as 0, which nobody can tell apart on paper.
 */
export function codeOf(text: string): string | undefined {
  const linked = /#\/?enrol=([^&]*)$/.exec(text);
  if (!linked && text.includes('#')) return undefined;
  const plain = unescaped(linked?.[1] ?? text)
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/[IL]/g, '1')
    .replace(/O/g, '0');
  return CODE.test(plain) ? `${plain.slice(0, 4)}-${plain.slice(4, 8)}-${plain.slice(8)}` : undefined;
}

/** The part of the browser's barcode reader that is used; TypeScript's own library does not know it yet. */
export interface BarcodeReader {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

interface BarcodeReaderClass {
  new (options: { formats: string[] }): BarcodeReader;
  getSupportedFormats(): Promise<string[]>;
}

function readerClass(): BarcodeReaderClass | undefined {
  return (globalThis as { BarcodeDetector?: BarcodeReaderClass }).BarcodeDetector;
}

/** Whether this phone can read QR codes by itself; else the code is typed. */
export async function canScan(): Promise<boolean> {
  const reader = readerClass();
  if (!reader || !navigator.mediaDevices) return false;
  return reader.getSupportedFormats().then(
    (formats) => formats.includes('qr_code'),
    () => false,
  );
}

/** A reader of QR codes, where `canScan`. */
export function qrReader(): BarcodeReader | undefined {
  const reader = readerClass();
  return reader && new reader({ formats: ['qr_code'] });
}
