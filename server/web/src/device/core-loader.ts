/** The core, once in this worker. A trap of WebAssembly leaves an instance that may not be used again: `restart`. */
import init, { __wbg_reset_state } from './core/core';
import wasmUrl from './core/core_bg.wasm?url';

let module: Promise<WebAssembly.Module> | undefined;

/** Fetches and compiles the core; called early, so that it is ready when the PIN is. */
export async function loadCore(): Promise<void> {
  module ??= WebAssembly.compileStreaming(fetch(wasmUrl));
  await init({ module_or_path: await module });
}

/** Whether the core ended in a trap. */
export const isTrap = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError;

/** A new instance in the place of one that trapped. Everything made by the old one is gone. */
export async function restartCore(): Promise<void> {
  __wbg_reset_state();
  await loadCore();
}
