// Builds the core for the browser into src/device/core/. Cargo builds only what changed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const out = fileURLToPath(new URL('../src/device/core', import.meta.url));
const built = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
const scratch = `${built}/wasm-bindings`;
const target = 'wasm32-unknown-unknown';
const run = (program, ...args) => execFileSync(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });

const installed = run('rustup', 'target', 'list', '--installed').toString();
if (!installed.split('\n').includes(target)) run('rustup', 'target', 'add', target);

run('cargo', 'build', '--locked', '-p', 'sync-core-wasm', '--profile', 'wasm', '--target', target);
const bindings = ['run', '--locked', '-q', '-p', 'bindings', '--features', 'bindings', '--profile', 'tool', '--'];
mkdirSync(scratch, { recursive: true });
run('cargo', ...bindings, `${built}/${target}/wasm/sync_core_wasm.wasm`, scratch);

// A file that did not change keeps its time, so that whatever watches it rests.
mkdirSync(out, { recursive: true });
for (const name of readdirSync(scratch)) {
  const made = readFileSync(`${scratch}/${name}`);
  const path = `${out}/${name}`;
  if (statSync(path, { throwIfNoEntry: false })?.size === made.length && readFileSync(path).equals(made)) continue;
  writeFileSync(path, made);
}
