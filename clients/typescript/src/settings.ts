// The settings of a client.
import type { DeprecatedUse } from "./headers.js";
import type { RetryPolicy } from "./retry.js";

/**
 * Returns the access token for each call; undefined sends none. `rejected` is the token that the server has just
 * refused: return another one. Many calls may be refused at once, so a provider whose current token differs from it
 * returns the current one.
 */
export type TokenProvider = (rejected?: string) => string | undefined | Promise<string | undefined>;

export interface Settings {
  /** Scheme, host and port, and the path of the API, if it has one. */
  baseUrl: string;
  /** The access token, or its provider. */
  token?: string | TokenProvider;
  /** By default 3 retries within 30 seconds; `{ retries: 0 }` sends every call once. */
  retry?: Partial<RetryPolicy>;
  /** The time limit of one attempt, including its answer, in ms; by default 30,000. */
  timeout?: number;
  /** Called for each answer that announces the removal of something that the call used. */
  onDeprecated?: (use: DeprecatedUse) => void;
  /** Sends the requests; by default the platform's own `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}
