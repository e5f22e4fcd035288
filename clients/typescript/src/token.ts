// Providers of access tokens from an API key or from a session. They renew a token before it expires, with one request
// at a time.
import { ProblemError, problemOf } from "./problem.js";
import type { Settings, TokenProvider } from "./settings.js";

interface TokenResponse {
  access_token: string;
  /** In seconds. */
  expires_in: number;
  refresh_token?: string;
}

type Where = Pick<Settings, "baseUrl" | "fetch">;

/** The time before its expiry at which a token is renewed, in ms. */
const MARGIN = 30_000;

const exchange = async ({ baseUrl, fetch }: Where, grant: Record<string, unknown>): Promise<TokenResponse> => {
  const send = fetch ?? ((request: Request) => globalThis.fetch(request));
  const response = await send(new Request(`${baseUrl.replace(/\/+$/, "")}/auth/token`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(grant),
  }));
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new ProblemError(problemOf(body, response), response);
  return body as TokenResponse;
};

const renewing = (renew: () => Promise<TokenResponse>, first?: TokenResponse): TokenProvider => {
  let current = first && { token: first.access_token, until: Date.now() + first.expires_in * 1_000 };
  let running: Promise<string> | undefined;
  return (rejected) => {
    if (current && current.token !== rejected && current.until - MARGIN > Date.now()) return current.token;
    running ??= renew().then((answer) => {
      current = { token: answer.access_token, until: Date.now() + answer.expires_in * 1_000 };
      return current.token;
    }).finally(() => { running = undefined; });
    return running;
  };
};

/** The tokens of an integration: exchanges its API key when a token is needed. */
export const apiKeyToken = (where: Where, apiKey: string): TokenProvider =>
  renewing(() => exchange(where, { grant_type: "api_key", api_key: apiKey }));

/**
 * The tokens of a session, from the answer to a sign-in. A refresh token can be used once. `keep` gets each new one
 * before it is used, so that you can store it if the session should outlive the program.
 */
export const sessionToken = (where: Where, signIn: TokenResponse, keep?: (refreshToken: string) => void): TokenProvider => {
  let refresh = signIn.refresh_token;
  return renewing(async () => {
    if (refresh === undefined) throw new Error("the session has no refresh token");
    const answer = await exchange(where, { grant_type: "refresh_token", refresh_token: refresh });
    if (answer.refresh_token !== undefined) {
      refresh = answer.refresh_token;
      keep?.(refresh);
    }
    return answer;
  }, signIn);
};
