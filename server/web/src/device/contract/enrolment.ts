/** Enrolment, and a forgotten PIN. */

export interface EnrolRequest {
  /** As typed, scanned, or taken from the address of a QR code (`…/#enrol=XXXX-XXXX-XX`). */
  code: string;
  /** What the owner calls the phone, 1 to 60 characters. */
  label: string;
  /** 6 to 64 characters; digits are fine, more are stronger. */
  pin: string;
}

/** A forgotten PIN, under way at headquarters. */
export interface RecoveryState {
  /**
   * `asked`: read `checkCode` to headquarters, who approves it; the app asks the server by itself while it is open.
   * `approved`: `finishRecovery(newPin)` sets a new PIN. `expired`: ask again.
   */
  phase: 'asked' | 'approved' | 'expired';
  /** Ten characters, shown as `XXXX-XXXX-XX`. */
  checkCode: string;
  askedAtMs: number;
  expiresAtMs: number;
}
