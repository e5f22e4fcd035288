// When a call is sent again, and after how long: a pure rule over what came back. Bounded in number and in waiting; what
// the server asks for in `Retry-After` is honoured, or the answer is handed on.
import { retryAfter } from "./headers.js";

/** Bounds of repetition. Times are in ms. */
export interface RetryPolicy {
  /** How often a call is sent again at most. */
  retries: number;
  /** The longest wait before the first retry; it doubles with each further one. */
  base: number;
  /** What a single wait never exceeds, unless the server asks for more. */
  longest: number;
  /** What all waits of a call never exceed together, whoever asks. */
  total: number;
}

export const RETRY: RetryPolicy = { retries: 3, base: 200, longest: 5_000, total: 30_000 };

/** What became of one sending: an answer, or a connection that broke, when the server may have done the work. */
export type Outcome = Response | "broken";

/** Whether sending a request again cannot do a thing twice. */
export const isRepeatable = (method: string, hasKey: boolean): boolean =>
  hasKey || ["GET", "HEAD", "OPTIONS", "PUT"].includes(method);

const isWorthIt = (outcome: Outcome, repeatable: boolean, asked: number | undefined): boolean => {
  if (outcome === "broken") return repeatable;
  switch (outcome.status) {
    // The server did not begin.
    case 429: return true;
    // A proxy may say so after the fact; the server itself says when to come again.
    case 503: return repeatable || asked !== undefined;
    case 500: case 502: case 504: return repeatable;
    default: return false;
  }
};

/** How long to wait before sending again, in ms; nothing to hand on what came. `random` lies in 0..1. */
export const wait = (
  policy: RetryPolicy, outcome: Outcome, repeatable: boolean, retries: number, waited: number, random: number,
): number | undefined => {
  if (retries >= policy.retries) return undefined;
  const asked = outcome === "broken" ? undefined : retryAfter(outcome.headers);
  if (!isWorthIt(outcome, repeatable, asked)) return undefined;
  const jitter = Math.min(policy.base * 2 ** Math.min(retries, 20), policy.longest) * random;
  // All who were sent away at once must not come back at once.
  const time = asked === undefined ? jitter : asked + Math.min(jitter, policy.base);
  return waited + time <= policy.total ? time : undefined;
};
