// Runs Workers in workerd, with D1, KV, R2 and Durable Objects on this machine, as wrangler.toml binds them.
//
//   node host.mjs '{"config": "wrangler.toml", "port": 8787}'
//
// Settings: config   the wrangler.toml of the first Worker, which answers requests unless another one's route fits
//           port     0 or left out: a free one
//           state    a folder that outlives the process; left out: nothing does
//           modules  a folder in place of the one that wrangler.toml names
//           vars     set over those of wrangler.toml
//           tenants  so many TENANT_n databases are bound, at least
//           others   more Workers: {name, modules: folder, route, vars, d1: [binding], services: {binding: Worker}}
//           quiet    whether the log is kept to errors
// Says {"url": ...} on a line of its own once it answers, and ends when its standard input does.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Miniflare, Log, LogLevel, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

const settings = JSON.parse(process.argv[2]);

/** The modules of a built Worker: index.js first, and the wasm that it imports. */
function modules(folder) {
  const names = readdirSync(folder).filter((name) => /\.(js|mjs|wasm)$/.test(name));
  names.sort((a, b) => Number(b.startsWith("index.")) - Number(a.startsWith("index.")) || (a.endsWith("js") ? -1 : 1));
  return names.map((name) => ({
    type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: join(folder, name),
    contents: readFileSync(join(folder, name)),
  }));
}

function first() {
  const config = resolve(settings.config);
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config);
  const { modulesRules, ...options } = workerOptions;
  const databases = { ...options.d1Databases };
  const bound = Object.keys(databases).filter((name) => name.startsWith("TENANT_")).length;
  for (let n = bound + 1; n <= (settings.tenants ?? 0); n++) databases[`TENANT_${n}`] = { id: `tenant-${n}` };
  const folder = settings.modules ? resolve(settings.modules) : dirname(resolve(dirname(config), main));
  return {
    ...options,
    name: "crm",
    modulesRoot: folder,
    modules: modules(folder),
    bindings: { ...options.bindings, ...settings.vars },
    d1Databases: databases,
  };
}

function other({ name, modules: folder, route, vars, d1, services, compatibilityDate }) {
  return {
    name,
    compatibilityDate: compatibilityDate ?? "2026-06-01",
    modulesRoot: resolve(folder),
    modules: modules(resolve(folder)),
    bindings: vars ?? {},
    d1Databases: Object.fromEntries((d1 ?? []).map((binding) => [binding, { id: `${name}-${binding}` }])),
    serviceBindings: services ?? {},
    ...(route && { routes: [route] }),
  };
}

const workers = [...(settings.config ? [first()] : []), ...(settings.others ?? []).map(other)];
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: settings.port ?? 0,
    log: new Log(settings.quiet ? LogLevel.ERROR : LogLevel.WARN),
    cf: false,
    ...(settings.state && { resourcePersistencePath: resolve(settings.state) }),
    workers,
  }),
);
const url = await miniflare.ready;
console.log(JSON.stringify({ url: url.origin }));

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  await miniflare.dispose();
  process.exit(0);
}
process.stdin.resume();
process.stdin.on("end", end);
process.on("SIGTERM", end);
process.on("SIGINT", end);
