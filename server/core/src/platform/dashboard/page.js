"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const DAY = 86400000;
  const MOST_PAGES = 60;
  const MEDIA = "application/vnd.crm.v1+json";

  const themes = { "": ["Theme: as the system", "\u25D0"], light: ["Theme: light", "\u25CB"], dark: ["Theme: dark", "\u25CF"] };
  byId("theme").addEventListener("click", ({ currentTarget: button }) => {
    const names = Object.keys(themes);
    const next = names[(names.indexOf(document.documentElement.dataset.theme ?? "") + 1) % names.length];
    if (next) document.documentElement.dataset.theme = next; else delete document.documentElement.dataset.theme;
    [button.title, button.textContent] = themes[next];
    button.setAttribute("aria-label", button.title);
  });

  // Tokens live here and nowhere else: they go with the page.
  let tokens;

  class Refusal extends Error {
    constructor(status, body) {
      super(body?.message ?? `The server answered ${status}.`);
      this.code = body?.code;
    }
  }

  const send = async (path, { body, token } = {}) => {
    const headers = { Accept: MEDIA };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), cache: "no-store" });
    const content = answer.status === 204 ? undefined : await answer.json().catch(() => undefined);
    if (!answer.ok) throw new Refusal(answer.status, content);
    return content;
  };
  const grant = async (body) => { tokens = await send("auth/token", { body }); };

  // One renewal serves all that wait for it: a refresh token is good for one use.
  let renewal;
  const renew = () => {
    renewal ??= grant({ grant_type: "refresh_token", refresh_token: tokens.refresh_token }).finally(() => { renewal = undefined; });
    return renewal;
  };
  const get = async (path) => {
    try {
      return await send(path, { token: tokens.access_token });
    } catch (refusal) {
      if (refusal.code !== "TOKEN_EXPIRED") throw refusal;
      await renew();
      return send(path, { token: tokens.access_token });
    }
  };
  const all = async (path) => {
    const items = [];
    let cursor = null;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = await get(`${path}?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      items.push(...page.items);
      cursor = page.next_cursor;
      if (!cursor) break;
    }
    return items;
  };

  const element = (name, content, attributes = {}) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...[content].flat().filter((part) => part !== undefined && part !== null));
    return made;
  };
  const when = (ms, words = { dateStyle: "medium", timeStyle: "short" }) => ms === null || ms === undefined
    ? "\u2013"
    : element("time", new Date(ms).toLocaleString(undefined, words), { datetime: new Date(ms).toISOString() });
  // Days of the contract begin in UTC.
  const day = (ms) => when(ms, { dateStyle: "medium", timeZone: "UTC" });
  const table = (caption, heads, rows, nothing) => rows.length === 0
    ? element("p", nothing, { class: "none" })
    : element("div", element("table", [
      element("thead", element("tr", heads.map((head) => element("th", head, { scope: "col" })))),
      element("tbody", rows.map((cells) => element("tr", cells.map((cell, index) => cell instanceof HTMLTableCellElement
        ? cell
        : element(index === 0 ? "th" : "td", cell, index === 0 ? { scope: "row" } : {}))))),
    ], { "aria-label": caption }), { class: "wide", tabindex: "0", role: "region", "aria-label": `${caption}: table` });
  const count = (number) => element("td", number.toLocaleString(), { class: "count" });

  const left = (sunset, now) => {
    if (sunset === null || sunset === undefined) return undefined;
    const days = Math.ceil((sunset - now) / DAY);
    if (days <= 0) return element("span", "may be gone", { class: "over" });
    return element("span", days === 1 ? "1 day left" : `${days} days left`, { class: "soon" });
  };
  const bars = (days, now) => {
    const today = Math.floor(now / DAY);
    const width = 30;
    const shown = days.filter((one) => one.day > today - width);
    const most = Math.max(1, ...shown.map((one) => one.count));
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${width} 10`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${shown.reduce((sum, one) => sum + one.count, 0)} in the last 30 days`);
    for (const one of shown) {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = Math.max(0.6, (10 * one.count) / most);
      const place = { x: one.day - today + width - 1, y: 10 - height, width: 0.8, height };
      for (const [key, value] of Object.entries(place)) bar.setAttribute(key, value);
      svg.append(bar);
    }
    return svg;
  };

  const goes = (things, uses, now) => table(
    "What is going away",
    ["What", "Announced", "Gone from", "Use instead", "Callers", "Last used"],
    things.map((thing) => {
      const own = uses.filter((use) => use.deprecation === thing.name);
      return [
        [element("code", thing.title), element("small", `${thing.kind}${thing.operation && thing.kind !== "operation" ? ` of ${thing.operation}` : ""}, version ${thing.version}`)],
        day(thing.announced_at),
        [day(thing.sunset_at), " ", left(thing.sunset_at, now)],
        thing.replacement ? element("code", thing.replacement) : "\u2013",
        count(own.length),
        own.length ? when(Math.max(...own.map((use) => use.last_used_at))) : "never",
      ];
    }),
    "Nothing of the API is going away.",
  );
  const used = (uses, things, names, now) => table(
    "Who still uses what is going away",
    ["Caller", "What", "Times", "Since", "Last", "The last 30 days"],
    uses.map((use) => {
      const thing = things.find((one) => one.name === use.deprecation);
      const { kind, id } = use.used_by;
      const words = { key: "API key", user: "person", portal: "customer" }[kind] ?? kind;
      return [
        [names.get(`${kind}:${id}`) ?? words, element("small", `${words} ${id ?? ""}`)],
        element("code", thing?.title ?? use.deprecation),
        count(use.count),
        when(use.first_used_at),
        when(use.last_used_at),
        element("td", bars(use.days, now)),
      ];
    }),
    "Nobody uses anything that is going away.",
  );
  const state = (key, now) => {
    if (key.revoked_at) return [element("span", "revoked", { class: "over" }), " ", when(key.revoked_at)];
    if (key.expires_at && key.expires_at <= now) return [element("span", "expired", { class: "over" }), " ", when(key.expires_at)];
    return key.expires_at ? ["until ", when(key.expires_at)] : "in use";
  };
  const listed = (keys, now) => table(
    "API keys",
    ["Key", "Allows", "Made", "Last used", "State"],
    keys.map((key) => [
      [key.name, element("small", key.id)],
      element("code", key.scopes.join(" ")),
      when(key.created_at),
      key.last_used_at ? when(key.last_used_at) : "never",
      state(key, now),
    ]),
    "There are no API keys.",
  );

  const alert = (message) => {
    byId("alert").textContent = message ?? "";
    byId("alert").hidden = !message;
  };
  const fill = (id, content) => byId(id).replaceChildren(content);
  const failed = (error) => element("p", error.message, { class: "alert" });

  const show = async () => {
    byId("reload").disabled = true;
    // What one may not read is told in its place, and the rest is shown.
    const [things, uses, keys, users] = await Promise.allSettled([all("deprecations"), all("deprecations/usage"), all("api-keys"), all("users")]);
    const value = (settled) => settled.value ?? [];
    const now = Date.now();
    const names = new Map([
      ...value(keys).map((key) => [`key:${key.id}`, key.name]),
      ...value(users).map((user) => [`user:${user.id}`, user.name]),
    ]);
    const known = value(things);
    fill("deprecations", things.reason ? failed(things.reason) : goes(known, value(uses), now));
    fill("usage", uses.reason ? failed(uses.reason) : used(value(uses), known, names, now));
    fill("keys", keys.reason ? failed(keys.reason) : listed(value(keys), now));
    byId("asked").replaceChildren("As of ", when(now), ". Uses are counted with up to a minute's delay.");
    byId("reload").disabled = false;
  };
  const enter = (inside) => {
    byId("sign-in").hidden = inside;
    for (const id of ["shown", "reload", "leave"]) byId(id).hidden = !inside;
    if (!inside) {
      byId("who").textContent = "";
      for (const id of ["deprecations", "usage", "keys"]) byId(id).replaceChildren();
      byId("email").focus();
    }
  };

  byId("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    button.disabled = true;
    alert();
    try {
      const tenant = byId("tenant").value.trim();
      await grant({ grant_type: "password", email: byId("email").value, password: byId("password").value, ...(tenant && { tenant }) });
      byId("password").value = "";
      const me = await get("me");
      byId("who").textContent = `${me.name}, ${me.tenant.name}`;
      enter(true);
      await show();
    } catch (error) {
      tokens = undefined;
      alert(error.message);
      if (error.code === "TENANT_REQUIRED") {
        byId("of-tenant").hidden = false;
        byId("tenant").focus();
      } else {
        byId("password").select();
      }
    } finally {
      button.disabled = false;
    }
  });
  byId("reload").addEventListener("click", show);
  byId("leave").addEventListener("click", async () => {
    const refresh_token = tokens?.refresh_token;
    tokens = undefined;
    enter(false);
    if (refresh_token) await send("auth/revoke", { body: { refresh_token } }).catch(() => undefined);
  });
})();
