// Headers of an answer, typed: entity tags, deprecation notices (RFC 9745, RFC 8594), rate limits
// (draft-ietf-httpapi-ratelimit-headers), `Retry-After` and request ids. What a server writes wrongly is absent, never an
// error.
import { parseItem, parseList, type Parameters } from "structured-headers";

/** The notice that an operation, or something used in the call, goes away. */
export interface Deprecation {
  /** Since when (RFC 9745). */
  at: Date;
  /** From when on it may be gone (RFC 8594). */
  sunset?: Date;
  /** Where to read on. */
  link?: string;
}

/** A call that used what is deprecated. */
export interface DeprecatedUse {
  /** Such as `GET /records/{type}`. */
  operation: string;
  notice: Deprecation;
}

/** What is left of a limit. */
export interface RateLimit {
  policy: string;
  remaining: number;
  /** In how many seconds it is whole again. */
  reset?: number;
}

/** A limit. */
export interface RateLimitPolicy {
  policy: string;
  quota: number;
  /** In seconds. */
  window?: number;
}

export interface AnswerHeaders {
  /** As it came, to be sent back in `If-Match` or `If-None-Match`. */
  etag?: string;
  /** What to tell whoever runs the server. */
  requestId?: string;
  /** The stored answer to an earlier request with the same `Idempotency-Key`. */
  replayed: boolean;
  rateLimit?: RateLimit;
  rateLimitPolicies: RateLimitPolicy[];
  /** In ms. */
  retryAfter?: number;
  deprecation?: Deprecation;
}

const attempt = <T>(parse: () => T): T | undefined => {
  try { return parse(); } catch { return undefined; }
};

const date = (text: string | null): Date | undefined => {
  const time = text === null ? NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time);
};

/** `Retry-After` in ms; a date is seen from the answer's own `Date`. */
export const retryAfter = (headers: Headers): number | undefined => {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000;
  const then = date(text);
  const now = date(headers.get("date")) ?? new Date();
  return then && Math.max(0, then.getTime() - now.getTime());
};

export const deprecation = (headers: Headers): Deprecation | undefined => {
  const text = headers.get("deprecation");
  const at = text === null ? undefined : attempt(() => parseItem(text)[0]);
  if (!(at instanceof Date)) return undefined;
  const sunset = date(headers.get("sunset"));
  const link = headers.get("link")?.split(/,(?=\s*<)/).find((link) => /;\s*rel="?deprecation"?/.test(link))?.match(/<([^>]*)>/)?.[1];
  return { at, ...(sunset && { sunset }), ...(link !== undefined && { link }) };
};

const entries = (headers: Headers, name: string): [string, Parameters][] => {
  const text = headers.get(name);
  const list = text === null ? [] : attempt(() => parseList(text)) ?? [];
  return list.flatMap(([value, parameters]) => typeof value === "string" ? [[value, parameters] as [string, Parameters]] : []);
};

const number = (parameters: Parameters, name: string): number | undefined => {
  const value = parameters.get(name);
  return typeof value === "number" ? value : undefined;
};

/** The typed headers of an answer. */
export const headersOf = ({ headers }: { headers: Headers }): AnswerHeaders => {
  const etag = headers.get("etag");
  const requestId = headers.get("x-request-id");
  const asked = retryAfter(headers);
  const notice = deprecation(headers);
  const [rateLimit] = entries(headers, "ratelimit").flatMap(([policy, parameters]): RateLimit[] => {
    const remaining = number(parameters, "r");
    const reset = number(parameters, "t");
    return remaining === undefined ? [] : [{ policy, remaining, ...(reset !== undefined && { reset }) }];
  });
  const rateLimitPolicies = entries(headers, "ratelimit-policy").flatMap(([policy, parameters]): RateLimitPolicy[] => {
    const quota = number(parameters, "q");
    const window = number(parameters, "w");
    return quota === undefined ? [] : [{ policy, quota, ...(window !== undefined && { window }) }];
  });
  return {
    ...(etag !== null && { etag }),
    ...(requestId !== null && { requestId }),
    replayed: headers.get("idempotent-replayed") === "true",
    ...(rateLimit && { rateLimit }),
    rateLimitPolicies,
    ...(asked !== undefined && { retryAfter: asked }),
    ...(notice && { deprecation: notice }),
  };
};
