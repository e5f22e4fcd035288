// The entry points for Cloudflare's runtime: handlers and Durable Objects that call the wasm module. The build appends
// one line for each Durable Object of wrangler.toml.
//
// A panic ends the instance of the module in which it happened (Rust on wasm aborts). The next call starts a fresh one,
// and an object of the old instance is made again, so that a panic affects only its own request.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import * as module from "./index.js";

const state = module.__worker_init_state();

function fresh() {
  if (!state.criticalError) return;
  console.log("starting a fresh instance of the module");
  state.criticalError = false;
  module.__wbg_reset_state();
}

function note(error) {
  if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
}

addEventListener("error", (event) => note(event.error));

async function guarded(call) {
  fresh();
  try {
    return await call();
  } catch (error) {
    note(error);
    throw error;
  }
}

class Entrypoint extends WorkerEntrypoint {}
for (const name of ["fetch", "scheduled", "queue"]) {
  if (!(name in module)) continue;
  Entrypoint.prototype[name] = function (event) {
    const done = guarded(() => module[name].call(this, event, this.env, this.ctx));
    // A request whose caller leaves runs to its end, where it releases its share.
    this.ctx.waitUntil(done.catch(() => {}));
    return done;
  };
}
export default Entrypoint;

function durable(Class) {
  class Durable extends DurableObject {
    #object;
    #instance;

    get object() {
      if (this.#instance !== state.instanceId) {
        this.#object = new Class(this.ctx, this.env);
        this.#instance = state.instanceId;
      }
      return this.#object;
    }
  }
  for (const name of Object.getOwnPropertyNames(Class.prototype)) {
    if (name === "constructor" || name === "free" || name.startsWith("__")) continue;
    Durable.prototype[name] = function (...event) {
      return guarded(() => this.object[name](...event));
    };
  }
  return Durable;
}
