/**
 * A phone's camera, and what is held before it.
 *
 * Chromium on a desk has no `BarcodeDetector`. A stand-in decodes the pictures of the page's own video with jsQR, so what is
 * read is what the camera shows; the camera shows a film made of the QR code that `banlang` draws.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import jsQR from 'jsqr';
import qrcode from 'qrcode-generator';

const WIDTH = 640;
const HEIGHT = 480;
/** Pixels of a module; a version 4 code with its quiet zone just fits. */
const SCALE = 10;
const DARK = 20;
const LIGHT = 230;

/** Flags of a phone with a camera; a test card stands before it. */
export const CAMERA = ['--use-fake-device-for-media-stream'];
/** Flags of a phone whose owner allows the camera to be used, if there is one. */
export const ALLOWED = ['--use-fake-ui-for-media-stream'];
/** Flags of a phone whose camera shows a film. */
export const showing = (film) => [...CAMERA, `--use-file-for-fake-video-capture=${film}`, ...ALLOWED];

/** The modules of a code that a terminal shows, two rows a line; true is dark. The quiet zone is among them. */
export function modulesOf(drawn) {
  return drawn.flatMap((line) => [[...line].map((of) => '▀█'.includes(of)), [...line].map((of) => '▄█'.includes(of))]);
}

/** The modules of a code of any text. */
export function modulesFor(text) {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const size = code.getModuleCount() + 8;
  const within = (at) => at >= 4 && at < size - 4;
  return Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => within(x) && within(y) && code.isDark(y - 4, x - 4)),
  );
}

/** Brightness by pixel, of a sheet with these modules in the middle of the picture. */
function picture(modules) {
  const pixels = new Uint8Array(WIDTH * HEIGHT).fill(LIGHT);
  const left = Math.floor((WIDTH - modules[0].length * SCALE) / 2);
  const top = Math.floor((HEIGHT - modules.length * SCALE) / 2);
  if (left < 0 || top < 0) throw new Error(`${modules.length} modules do not fit`);
  modules.forEach((row, y) =>
    row.forEach((dark, x) => {
      for (let line = 0; dark && line < SCALE; line += 1) {
        const start = (top + y * SCALE + line) * WIDTH + left + x * SCALE;
        pixels.fill(DARK, start, start + SCALE);
      }
    }),
  );
  return pixels;
}

/** What the code says. */
export function read(modules) {
  const pixels = picture(modules);
  const rgba = new Uint8ClampedArray(pixels.length * 4).fill(255);
  pixels.forEach((value, at) => rgba.fill(value, at * 4, at * 4 + 3));
  return jsQR(rgba, WIDTH, HEIGHT)?.data;
}

/** Writes a film in which the code is held still. It is read anew whenever the camera is opened. */
export async function film(path, modules) {
  const grey = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), picture(modules), grey]);
  await writeFile(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]));
}

/** Gives the pages of a phone a reader of QR codes, and keeps account of every camera they open. */
export async function giveReader(phone) {
  const source = await readFile(createRequire(import.meta.url).resolve('jsqr'), 'utf8');
  await phone.context.addInitScript({ content: source });
  await phone.context.addInitScript(() => {
    globalThis.opened = [];
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (asked) => {
      const opening = open(asked);
      globalThis.opened.push({ asked, opening: opening.catch(() => undefined) });
      return opening;
    };
    globalThis.BarcodeDetector = class {
      #canvas = document.createElement('canvas');

      static async getSupportedFormats() {
        return ['qr_code'];
      }

      constructor({ formats }) {
        if (!formats.every((format) => format === 'qr_code')) throw new TypeError(`not read: ${formats}`);
      }

      async detect(video) {
        if (video.readyState < video.HAVE_CURRENT_DATA) throw new DOMException('no picture yet', 'InvalidStateError');
        this.#canvas.width = video.videoWidth;
        this.#canvas.height = video.videoHeight;
        const context = this.#canvas.getContext('2d', { willReadFrequently: true });
        context.drawImage(video, 0, 0);
        const { data, width, height } = context.getImageData(0, 0, video.videoWidth, video.videoHeight);
        const found = globalThis.jsQR(data, width, height);
        return found ? [{ rawValue: found.data, format: 'qr_code' }] : [];
      }
    };
  });
}

/** How each camera the page opened stands: what was asked for, and "live" or "ended"; "refused" when there was none. */
export function cameras(phone) {
  return phone.page.evaluate(() =>
    Promise.all(
      globalThis.opened.map(async ({ asked, opening }) => {
        const stream = await opening;
        return { asked, state: stream ? stream.getTracks().map((track) => track.readyState).join() : 'refused' };
      }),
    ),
  );
}
