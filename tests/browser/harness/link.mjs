/**
 * A line between phones and a server, byte by byte: it counts, it slows down, it breaks.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** How often a slow line lets bytes through. */
const TICK_MS = 20;

export class Link {
  #server;
  #sockets = new Set();
  /** Bytes of the line, head and body, both ways. */
  up = 0;
  down = 0;
  connections = 0;
  broken = 0;
  /** Bytes a second each way and connection; 0: as fast as it goes. */
  bytesPerSecond = 0;
  /** After so many bytes downwards a connection breaks; each time the next of these. */
  breakAfter = [];
  /** Nobody gets through. */
  cut = false;

  constructor(to) {
    this.to = new URL(to);
  }

  async start() {
    this.#server = createServer((near) => this.#take(near));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  #take(near) {
    if (this.cut) return near.destroy();
    this.connections += 1;
    const far = connect(Number(this.to.port), this.to.hostname);
    let left = this.breakAfter.shift() ?? Infinity;
    const end = () => {
      near.destroy();
      far.destroy();
      this.#sockets.delete(near);
    };
    this.#sockets.add(near);
    for (const socket of [near, far]) socket.on('error', end).on('close', end).setNoDelay(true);
    this.#pass(near, far, (bytes) => (this.up += bytes));
    this.#pass(far, near, (bytes) => {
      this.down += bytes;
      left -= bytes;
      if (left > 0) return;
      this.broken += 1;
      end();
    });
  }

  /** From one side to the other, at the pace of the line. */
  #pass(from, to, count) {
    from.on('data', (chunk) => {
      if (!this.bytesPerSecond) {
        count(chunk.length);
        to.write(chunk);
        return;
      }
      from.pause();
      const each = Math.max(1, Math.round((this.bytesPerSecond * TICK_MS) / 1000));
      const step = (at) => {
        if (to.destroyed) return;
        const part = chunk.subarray(at, at + each);
        count(part.length);
        to.write(part);
        if (at + each < chunk.length) setTimeout(step, TICK_MS, at + each);
        else setTimeout(() => from.resume(), TICK_MS);
      };
      step(0);
    });
    from.on('end', () => to.end());
  }

  /** Cuts every connection and lets no new one through until `mend`. */
  break() {
    this.cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.cut = false;
  }

  async stop() {
    this.break();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A line for one test. */
export async function openLink(t, url) {
  const link = await new Link(url).start();
  t.after(() => link.stop());
  return link;
}
