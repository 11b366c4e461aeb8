/** Requests to the one server the app came from: few bytes, counted; refusals as problems. */
import { concat, fromUtf8, own, utf8, type Bytes } from '../bytes';
import { DeviceProblem, type DeviceFile, type Problem } from '../contract';
import { problem } from '../problem';

export interface Ask {
  method: string;
  /** From the root: `/v1/sync`. */
  path: string;
  body?: Uint8Array;
  contentType?: string;
  /** Whether the body may be compressed. */
  compress?: boolean;
  /** The tag of what is here already. */
  tag?: string;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  tag: string | null;
  headers: Headers;
  bytes: Bytes;
}

export interface Traffic {
  requests: number;
  bytesUp: number;
  bytesDown: number;
}

/** A line that says nothing for so long is given up; a slow one is slow, not silent. */
const SILENCE_MS = 60_000;
/** Bodies below this size gain nothing from compression. */
const COMPRESS_FROM_BYTES = 200;

/** The headers that prove who asks; made for the exact bytes that are sent. */
export type Prove = (method: string, target: string, body: Bytes) => Promise<Record<string, string>>;

export class Line {
  readonly traffic: Traffic = { requests: 0, bytesUp: 0, bytesDown: 0 };
  /** Called at each change of the traffic, and whenever the server answered. */
  onTraffic: () => void = () => undefined;
  onAnswer: () => void = () => undefined;

  async ask(ask: Ask, prove?: Prove): Promise<Answer> {
    const headers: Record<string, string> = {};
    let body = own(ask.body ?? new Uint8Array());
    if (ask.contentType) headers['content-type'] = ask.contentType;
    if (ask.tag) headers['if-none-match'] = ask.tag;
    if (ask.compress && body.length >= COMPRESS_FROM_BYTES) {
      const packed = await gzip(body);
      if (packed.length < body.length) {
        body = packed;
        headers['content-encoding'] = 'gzip';
      }
    }
    if (prove) Object.assign(headers, await prove(ask.method, ask.path, body));
    const watch = new Silence(ask.signal);
    try {
      this.traffic.requests += 1;
      this.traffic.bytesUp += body.length;
      this.onTraffic();
      const response = await fetch(ask.path, {
        method: ask.method,
        headers,
        ...(ask.method !== 'GET' && { body }),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: watch.signal,
      });
      const bytes = await this.#read(response, watch);
      this.onAnswer();
      if (response.ok || response.status === 304) {
        const { status, headers } = response;
        return { status, tag: headers.get('etag'), headers, bytes };
      }
      throw refusal(response.status, bytes);
    } catch (error) {
      if (error instanceof DeviceProblem) throw error;
      if (ask.signal?.aborted) throw problem('sync.cancelled');
      throw navigator.onLine ? problem('server.unreachable', { detail: String(error) }) : problem('offline');
    } finally {
      watch.end();
    }
  }

  /** The body; what the line carried is told by the length the server gave, where it did. */
  async #read(response: Response, watch: Silence): Promise<Bytes> {
    const told = Number(response.headers.get('content-length') ?? Number.NaN);
    const before = this.traffic.bytesDown;
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = response.body?.getReader();
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) break;
      watch.heard();
      chunks.push(part.value);
      length += part.value.length;
      this.traffic.bytesDown = before + Math.min(length, Number.isNaN(told) ? length : told);
      this.onTraffic();
    }
    return concat(...chunks);
  }
}

/** Ends a request when nothing was heard for long, or when the caller ends it. */
class Silence {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(outer?: AbortSignal) {
    outer?.addEventListener('abort', () => this.#controller.abort(), { signal: this.#controller.signal });
    if (outer?.aborted) this.#controller.abort();
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

async function gzip(bytes: Bytes): Promise<Bytes> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

interface ServerProblem {
  code?: string;
  title?: string;
  title_vi?: string;
  detail?: string;
  field?: string;
  accepted?: string;
  accepted_vi?: string;
}

function refusal(status: number, bytes: Bytes): DeviceProblem {
  let said: ServerProblem = {};
  try {
    said = JSON.parse(fromUtf8(bytes)) as ServerProblem;
  } catch {
    // A proxy's page, or nothing: the status says what there is to say.
  }
  const en = said.title ?? `The server answered ${status}`;
  const vi = said.title_vi ?? `Máy chủ trả lời ${status}`;
  const accepted = said.accepted ? { vi: said.accepted_vi ?? said.accepted, en: said.accepted } : { vi, en };
  const found: Problem = {
    code: said.code ?? `http.${status}`,
    title: { vi, en },
    fields: said.field ? [{ field: said.field, accepted }] : [],
    ...(said.detail !== undefined && { detail: said.detail }),
  };
  return new DeviceProblem(found);
}

/** A JSON body. */
export function json(method: string, path: string, value: unknown): Ask {
  return { method, path, contentType: 'application/json', body: utf8(JSON.stringify(value)) };
}

export function readJson<T>(answer: Answer): T {
  try {
    return JSON.parse(fromUtf8(answer.bytes)) as T;
  } catch (error) {
    throw problem('server.answer', { detail: String(error) });
  }
}

/** A file, under the name the server gave it. */
export function readFile({ headers, bytes }: Answer): DeviceFile {
  const named = headers.get('content-disposition') ?? '';
  const name = /filename\*=UTF-8''([^;]+)/i.exec(named)?.[1] ?? /filename="?([^";]+)/i.exec(named)?.[1] ?? 'banlang';
  return { name: decodeURIComponent(name), mediaType: headers.get('content-type') ?? 'application/octet-stream', bytes };
}
