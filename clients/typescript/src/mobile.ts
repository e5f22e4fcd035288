// The client of the consumer `mobile`, with only the operations that the contract has for it.
import { connect, type Client as AnyClient } from "./client.js";
import { api, type RecordTypes as Types, type codes } from "./generated/mobile.api.js";
import type { components, operations, paths } from "./generated/mobile.js";
import type { Settings } from "./settings.js";

export * from "./index.js";
export type { components, operations, paths };

/** The schemas of the contract, by name. */
export type Schemas = components["schemas"];
/** The fields of the built-in record types, by the type's name. */
export type RecordTypes = Types;
export type Client = AnyClient<paths, codes>;

/** Makes a client for a server. It holds no resources and may live as long as the program. */
export const createClient = (settings: Settings): Client => connect<paths, codes>(api, settings);
