// How a client speaks to a server.
import type { DeprecatedUse } from "./headers.js";
import type { RetryPolicy } from "./retry.js";

/**
 * Gives the access token of each call; nothing sends none. `rejected` is the token that the server has just refused:
 * give another one. Many calls may be refused at once, so a provider whose current token is another one gives that.
 */
export type TokenProvider = (rejected?: string) => string | undefined | Promise<string | undefined>;

export interface Settings {
  /** Scheme, host and port, and the path that the API stands under, if there is one. */
  baseUrl: string;
  /** The access token, or what provides it. */
  token?: string | TokenProvider;
  /** 3 retries within 30 seconds unless set; `{ retries: 0 }` sends every call once. */
  retry?: Partial<RetryPolicy>;
  /** How long one sending may take, answer included, in ms; 30,000 unless set. */
  timeout?: number;
  /** Called with each answer that says that what was used is deprecated. */
  onDeprecated?: (use: DeprecatedUse) => void;
  /** What sends; the platform's own `fetch` unless set. */
  fetch?: (request: Request) => Promise<Response>;
}
