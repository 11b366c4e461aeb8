/** A processor so many times slower, for every thread of a browser: its processes rest most of each moment. */
import { readdir, readFile } from 'node:fs/promises';

/** So long everything runs, then rests so many times as long. */
const RUN_MS = 10;

/** The process and everything it started. */
async function family(root) {
  const children = new Map();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (stat) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [root];
  for (const pid of all) all.push(...(children.get(pid) ?? []));
  return all;
}

/** How much processor time all threads of a browser have taken, in milliseconds; other work on the machine is not in it. */
export async function processorMs(root) {
  let ms = 0;
  for (const pid of await family(root)) {
    for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
      const spent = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
      ms += Number(spent.split(' ')[0]) / 1e6;
    }
  }
  return ms;
}

/** Slows a browser down until `stop`. */
export function slowDown(root, times) {
  let over = false;
  const send = (pids, signal) => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended in the meantime.
      }
    }
  };
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const work = (async () => {
    let pids = await family(root);
    while (!over) {
      send(pids, 'SIGSTOP');
      const stopped = performance.now();
      // Who is there is looked up while nobody runs: looking takes longer than running does.
      const now = await family(root);
      send(now.filter((pid) => !pids.includes(pid)), 'SIGSTOP');
      pids = now;
      await pause(Math.max(0, RUN_MS * (times - 1) - (performance.now() - stopped)));
      send(pids, 'SIGCONT');
      await pause(RUN_MS);
    }
  })();
  return {
    async stop() {
      over = true;
      await work;
      send(await family(root), 'SIGCONT');
    },
  };
}
