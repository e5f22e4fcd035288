// The pure rule that decides from the outcome of an attempt whether and when it is repeated. Retries are bounded in
// number and in waiting time. `Retry-After` is honoured; if it is too long, the answer is returned.
import { retryAfter } from "./headers.js";

/** The bounds of retries. Times are in ms. */
export interface RetryPolicy {
  /** The most retries of a call. */
  retries: number;
  /** The longest wait before the first retry; it doubles with each further one. */
  base: number;
  /** The longest single wait, unless the server asks for more. */
  longest: number;
  /** The longest sum of all waits of a call, even if the server asks for more. */
  total: number;
}

export const RETRY: RetryPolicy = { retries: 3, base: 200, longest: 5_000, total: 30_000 };

/** The outcome of one attempt: an answer, or a broken connection, after which the server may have done the work. */
export type Outcome = Response | "broken";

/** Whether a request can be repeated without taking effect twice. */
export const isRepeatable = (method: string, hasKey: boolean): boolean =>
  hasKey || ["GET", "HEAD", "OPTIONS", "PUT"].includes(method);

const isWorthIt = (outcome: Outcome, repeatable: boolean, asked: number | undefined): boolean => {
  if (outcome === "broken") return repeatable;
  switch (outcome.status) {
    // The server did not begin the work.
    case 429: return true;
    // A proxy may answer 503 after the server did the work; the server itself sends `Retry-After`.
    case 503: return repeatable || asked !== undefined;
    case 500: case 502: case 504: return repeatable;
    default: return false;
  }
};

/** The wait before the next attempt in ms; undefined if there is none. `random` is in 0..1. */
export const wait = (
  policy: RetryPolicy, outcome: Outcome, repeatable: boolean, retries: number, waited: number, random: number,
): number | undefined => {
  if (retries >= policy.retries) return undefined;
  const asked = outcome === "broken" ? undefined : retryAfter(outcome.headers);
  if (!isWorthIt(outcome, repeatable, asked)) return undefined;
  const jitter = Math.min(policy.base * 2 ** Math.min(retries, 20), policy.longest) * random;
  // Callers that were refused at the same time must not come back at the same time.
  const time = asked === undefined ? jitter : asked + Math.min(jitter, policy.base);
  return waited + time <= policy.total ? time : undefined;
};
