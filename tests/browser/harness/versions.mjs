/** An address that serves one build of the app or another, and hands everything else to the server. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';

const MEDIA = { html: 'text/html', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm', svg: 'image/svg+xml', png: 'image/png', webmanifest: 'application/manifest+json' };

export class Versions {
  constructor(server, build) {
    this.server = new URL(server);
    /** The folder of the build that is served now. */
    this.build = build;
  }

  async start() {
    this.http = createServer((asked, answer) => void this.#answer(asked, answer));
    this.http.listen(0, '127.0.0.1');
    await once(this.http, 'listening');
    this.url = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  async #answer(asked, answer) {
    const path = new URL(asked.url, 'http://x').pathname;
    const name = path === '/' ? 'index.html' : path.slice(1);
    const file = await readFile(join(this.build, name)).catch(() => undefined);
    if (file && !path.startsWith('/v1')) {
      answer.writeHead(200, { 'content-type': MEDIA[name.split('.').at(-1)] ?? 'application/octet-stream', 'cache-control': 'no-cache' });
      return answer.end(file);
    }
    const onward = request({ host: this.server.hostname, port: this.server.port, method: asked.method, path: asked.url, headers: asked.headers }, (back) => {
      answer.writeHead(back.statusCode, back.headers);
      back.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  }

  async stop() {
    this.http.close();
    this.http.closeAllConnections();
    await once(this.http, 'close');
  }
}

export async function openVersions(t, server, build) {
  const versions = await new Versions(server, build).start();
  t.after(() => versions.stop());
  return versions;
}
