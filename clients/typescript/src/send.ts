// Sends one call: adds version, token and idempotency key, sends it, repeats it with the same key and body if that is
// safe, and reports a deprecation notice.
import { deprecation } from "./headers.js";
import { RETRY, isRepeatable, wait, type Outcome } from "./retry.js";
import type { Settings } from "./settings.js";

/** The facts of the contract that a client needs. */
export interface Api {
  /** Such as `application/vnd.example.v1+json`. */
  mediaType: string;
  /** The operations by method and path, such as `GET /records/{type}`. */
  operations: Readonly<Record<string, Operation>>;
}

/** The facts of an operation; an absent one is false. */
export interface Operation {
  /** It takes the `Idempotency-Key` header. */
  key?: true;
  /** It needs no token. */
  open?: true;
  /** It answers something other than JSON. */
  text?: true;
}

const KEY = "idempotency-key";

const sleep = (time: number, signal: AbortSignal | null | undefined) => new Promise<void>((resolve, reject) => {
  const stop = () => { clearTimeout(timer); reject(signal?.reason); };
  const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, time);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
});

/** Sends a call, with retries as the settings allow. */
export const send = async (api: Api, settings: Settings, name: string, request: Request): Promise<Response> => {
  const operation = api.operations[name] ?? {};
  const { headers } = request;
  // Errors are JSON of the requested version, whatever the media type of the success is.
  headers.set("accept", operation.text ? `${api.mediaType}, */*;q=0.1` : api.mediaType);
  if (operation.key && !headers.has(KEY)) headers.set(KEY, crypto.randomUUID());
  const provider = operation.open ? undefined : settings.token;
  let token = typeof provider === "function" ? await provider() : provider;
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);

  const policy = { ...RETRY, ...settings.retry };
  const repeatable = isRepeatable(request.method, headers.has(KEY));
  const fetch = settings.fetch ?? ((request: Request) => globalThis.fetch(request));
  let renewed = typeof provider !== "function";
  for (let retries = 0, waited = 0; ;) {
    const limit = AbortSignal.timeout(settings.timeout ?? 30_000);
    let outcome: Outcome = "broken";
    let failure: unknown;
    try {
      outcome = await fetch(new Request(request.clone(), { signal: AbortSignal.any([request.signal, limit]) }));
    } catch (error) {
      if (request.signal.aborted) throw error;
      failure = error;
    }
    if (outcome !== "broken" && outcome.status === 401 && !renewed && typeof provider === "function") {
      renewed = true;
      // If there is no other token, the server's refusal says more than an error would.
      const next = await Promise.resolve(provider(token)).catch(() => undefined);
      if (next !== undefined && next !== token) {
        token = next;
        headers.set("authorization", `Bearer ${next}`);
        continue;
      }
    }
    const time = wait(policy, outcome, repeatable, retries, waited, Math.random());
    if (time === undefined) {
      if (outcome === "broken") throw failure;
      const notice = settings.onDeprecated && deprecation(outcome.headers);
      if (notice) settings.onDeprecated?.({ operation: name, notice });
      return outcome;
    }
    if (outcome !== "broken") await outcome.body?.cancel();
    await sleep(time, request.signal);
    retries += 1;
    waited += time;
  }
};
