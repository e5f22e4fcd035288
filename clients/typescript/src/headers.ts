// The typed headers of an answer: entity tags, deprecation notices (RFC 9745, RFC 8594, RFC 8288), rate limits
// (draft-ietf-httpapi-ratelimit-headers), `Retry-After` and request ids. A malformed header counts as absent and is
// never an error.
import { parseItem, parseList, type Parameters } from "structured-headers";

/** The notice that an operation, or something used in the call, will be removed. */
export interface Deprecation {
  /** When it was announced; for several things the earliest day. */
  at: Date;
  /** The day from which the first of them may be gone. */
  sunset?: Date;
  /** The deprecated things. */
  things: DeprecatedThing[];
  /** The addresses of the operations' replacements. */
  successors: string[];
}

/** One deprecated thing. */
export interface DeprecatedThing {
  /** A link to read on. */
  link: string;
  /** What it is, and what to use instead, for people. */
  title?: string;
  /** Its place in the contract as a JSON pointer, if the link points into the contract. */
  element?: string;
}

/** A call that used something deprecated. */
export interface DeprecatedUse {
  /** Such as `GET /records/{type}`. */
  operation: string;
  notice: Deprecation;
}

/** The remaining quota of a limit. */
export interface RateLimit {
  policy: string;
  remaining: number;
  /** The seconds until the full quota is available again. */
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
  /** The tag as received, for `If-Match` or `If-None-Match`. */
  etag?: string;
  /** The request's id; name it when you report a problem. */
  requestId?: string;
  /** Whether this is the stored answer to an earlier request with the same `Idempotency-Key`. */
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

/** `Retry-After` in ms; a date is relative to the answer's own `Date`. */
export const retryAfter = (headers: Headers): number | undefined => {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000;
  const then = date(text);
  const now = date(headers.get("date")) ?? new Date();
  return then && Math.max(0, then.getTime() - now.getTime());
};

interface Link {
  target: string;
  parameters: Map<string, string>;
}

const VALUE = /"(?:[^"\\]|\\.)*"|[^\s;,"]*/.source;
const LINK = new RegExp(`<([^>]*)>((?:\\s*;\\s*[^\\s=;,"]+\\s*=\\s*(?:${VALUE}))*)`, "g");
const PARAMETER = new RegExp(`;\\s*([^\\s=;,"]+)\\s*=\\s*(${VALUE})`, "g");

/** The links of a header (RFC 8288), at most a hundred. */
const links = (text: string): Link[] => [...text.matchAll(LINK)].slice(0, 100).map(([, target = "", rest = ""]) => ({
  target,
  parameters: new Map([...rest.matchAll(PARAMETER)].map(([, name = "", value = ""]) =>
    [name.toLowerCase(), value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value])),
}));

/** A text of RFC 8187, such as `UTF-8'de'gr%C3%B6%C3%9Fe`. */
const extended = (text: string | undefined): string | undefined => {
  const encoded = text?.match(/^UTF-8'[^']*'(.*)$/i)?.[1];
  return encoded === undefined ? undefined : attempt(() => decodeURIComponent(encoded));
};

export const deprecation = (headers: Headers): Deprecation | undefined => {
  const text = headers.get("deprecation");
  const at = text === null ? undefined : attempt(() => parseItem(text)[0]);
  if (!(at instanceof Date)) return undefined;
  const sunset = date(headers.get("sunset"));
  const all = links(headers.get("link") ?? "");
  const related = (relation: string) => all.filter(({ parameters }) => parameters.get("rel")?.toLowerCase().split(/\s+/).includes(relation));
  return {
    at, ...(sunset && { sunset }),
    things: related("deprecation").map(({ target, parameters }) => {
      const title = extended(parameters.get("title*")) ?? parameters.get("title");
      const element = attempt(() => decodeURIComponent(target.split("#")[1] ?? ""));
      return { link: target, ...(title !== undefined && { title }), ...(element?.startsWith("/") && { element }) };
    }),
    successors: related("successor-version").map(({ target }) => target),
  };
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
