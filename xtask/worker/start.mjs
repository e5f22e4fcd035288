// Measures the start-up time of a built Worker: another Worker only imports it while workerd's profiler runs. Like
// `wrangler check startup`, for a Worker that is built already.
//
//   node start.mjs FOLDER ROUNDS
//
// Prints {"cpu_ms"}: the median over fresh runtimes of the time that was not idle.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare, Log, LogLevel, convertV4MiniflareOptions } from "miniflare";

const [folder, rounds] = process.argv.slice(2);
const STARTER = `export default {
  async fetch() {
    await import("./worker/index.js");
    return new Response(null, { status: 204 });
  },
};`;

async function once() {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      inspectorPort: 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      workers: [
        {
          name: "starter",
          compatibilityDate: "2026-06-01",
          modulesRoot: "/",
          modules: [
            { type: "ESModule", path: "/starter.mjs", contents: STARTER },
            { type: "ESModule", path: "/worker/index.js", contents: readFileSync(join(folder, "index.js"), "utf8") },
            { type: "CompiledWasm", path: "/worker/index_bg.wasm", contents: readFileSync(join(folder, "index_bg.wasm")) },
          ],
        },
      ],
    }),
  );
  await miniflare.ready;
  const socket = new WebSocket(new URL("/core:user:starter", await miniflare.getInspectorURL()));
  await new Promise((opened, failed) => {
    socket.addEventListener("open", opened);
    socket.addEventListener("error", failed);
  });
  const waiting = new Map();
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
  });
  let last = 0;
  const ask = (method) =>
    new Promise((answered) => {
      waiting.set(++last, answered);
      socket.send(JSON.stringify({ id: last, method, params: {} }));
    });
  await ask("Profiler.enable");
  await ask("Profiler.start");
  const answer = await miniflare.dispatchFetch("http://starter/");
  if (answer.status !== 204) throw new Error(`it does not start: ${await answer.text()}`);
  const { profile } = await ask("Profiler.stop");
  socket.close();
  await miniflare.dispose();
  const idle = new Set(profile.nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id));
  // A delta is the time from the sample before to its own; each sample lasts until the next.
  const last_us = profile.endTime - profile.startTime - profile.timeDeltas.reduce((a, b) => a + b, 0);
  const lasted = [...profile.timeDeltas.slice(1), Math.max(last_us, 0)];
  return profile.samples.reduce((sum, id, at) => sum + (idle.has(id) ? 0 : lasted[at]), 0) / 1_000;
}

const figures = [];
for (let round = 0; round < Number(rounds); round++) figures.push(await once());
figures.sort((a, b) => a - b);
console.log(JSON.stringify({ cpu_ms: figures[Math.floor(figures.length / 2)] }));
process.exit(0);
