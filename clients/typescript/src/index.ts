// The parts that all consumers share. The clients are in `crm-client/web`, `/integrations`, `/mobile`, `/portal`.
export { ok, type Answer, type Client, type NotModified } from "./client.js";
export { headersOf, type AnswerHeaders, type DeprecatedThing, type DeprecatedUse, type Deprecation, type RateLimit, type RateLimitPolicy } from "./headers.js";
export { ProblemError, isProblem, type Problem, type ProblemDetails, type Violation } from "./problem.js";
export { RETRY, type RetryPolicy } from "./retry.js";
export type { Settings, TokenProvider } from "./settings.js";
export { apiKeyToken, sessionToken } from "./token.js";
