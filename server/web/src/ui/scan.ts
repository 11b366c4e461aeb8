/** Looking for an enrolment code through the phone's camera. The picture stays on the phone. */

import { codeOf, qrReader } from './code';

const EVERY_MS = 200;
/** So many looks in a row that fail, some five seconds, are no matter of a picture that is not there yet. */
const LOOKS = 25;

/** Why the camera shows nothing: not allowed, not there, in use elsewhere, or anything else. */
export type CameraFault = 'denied' | 'none' | 'busy' | 'failed';

/** What a scan tells. */
export interface ScanEvents {
  /** A code, as `XXXX-XXXX-XX`; nothing more is told after it. */
  found(code: string): void;
  /** A QR code of something else is in the picture. */
  other(): void;
  /** There is no picture; nothing more is told after it. */
  fault(why: CameraFault): void;
}

function faultOf(error: unknown): CameraFault {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/**
 * Shows the camera in `video` and looks for a code in it. The camera is off once a code was found, the camera failed, or the
 * function that is returned was called, also when it is only opened after that.
 */
export function scan(video: HTMLVideoElement, events: ScanEvents): () => void {
  let ended = false;
  let stream: MediaStream | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    ended = true;
    clearTimeout(timer);
    stream?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  const fail = (why: CameraFault) => {
    if (ended) return;
    stop();
    events.fault(why);
  };
  const reader = qrReader();
  let failures = 0;
  const look = async () => {
    const texts = await reader?.detect(video).then(
      (codes) => codes.map((code) => code.rawValue).filter((text) => text !== ''),
      () => undefined,
    );
    if (ended) return;
    failures = texts ? 0 : failures + 1;
    if (failures === LOOKS) return fail('failed');
    const code = texts?.map(codeOf).find((found) => found !== undefined);
    if (code) {
      stop();
      return events.found(code);
    }
    if (texts && texts.length > 0) events.other();
    timer = setTimeout(() => void look(), EVERY_MS);
  };
  const open = async () => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    if (ended) return stop();
    for (const track of stream.getVideoTracks()) track.addEventListener('ended', () => fail('failed'));
    video.srcObject = stream;
    await video.play();
    void look();
  };
  open().catch((error: unknown) => fail(faultOf(error)));
  return stop;
}
