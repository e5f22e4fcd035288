"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  root.classList.add("scripted");

  // Storage may be forbidden; the page works without.
  const store = {
    get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    set: (value) => { try { value ? localStorage.setItem("theme", value) : localStorage.removeItem("theme"); } catch { /* as it is */ } },
  };
  const themes = { "": ["Theme: as the system", "\u25D0"], light: ["Theme: light", "\u25CB"], dark: ["Theme: dark", "\u25CF"] };
  const button = byId("theme");
  const show = (theme) => {
    const known = theme in themes ? theme : "";
    if (known) root.dataset.theme = known; else delete root.dataset.theme;
    [button.title, button.textContent] = themes[known];
    button.setAttribute("aria-label", button.title);
  };
  show(store.get() ?? "");
  button.addEventListener("click", () => {
    const names = Object.keys(themes);
    const next = names[(names.indexOf(root.dataset.theme ?? "") + 1) % names.length];
    store.set(next);
    show(next);
  });

  const menu = byId("menu");
  const menuButton = byId("menu-button");
  const openMenu = (open) => {
    menu.classList.toggle("open", open);
    menuButton.setAttribute("aria-expanded", String(open));
  };
  menuButton.addEventListener("click", () => openMenu(!menu.classList.contains("open")));
  menu.addEventListener("click", (event) => { if (event.target.closest("a")) openMenu(false); });

  // Where the reader is.
  const links = new Map([...menu.querySelectorAll("li a")].map((link) => [link.hash.slice(1), link]));
  let current;
  const mark = (id) => {
    const link = links.get(id);
    if (!link || link === current) return;
    current?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "location");
    current = link;
    const { top, bottom } = link.getBoundingClientRect();
    const box = menu.getBoundingClientRect();
    if (top < box.top || bottom > box.bottom) menu.scrollTop += top - box.top - box.height / 3;
  };
  const seen = new IntersectionObserver(
    (entries) => { for (const entry of entries) if (entry.isIntersecting) mark(entry.target.id); },
    { rootMargin: "-15% 0px -75% 0px" },
  );
  for (const id of links.keys()) { const target = byId(id); if (target) seen.observe(target); }

  // Search: titles first, then all that an entry says.
  const input = byId("search");
  const results = byId("results");
  const found = byId("found");
  let index;
  const entries = () => index ??= [
    ...[...document.querySelectorAll("[data-find]")].map((element) => ({
      id: element.id, kind: element.dataset.find, title: element.dataset.title,
      head: `${element.dataset.title} ${element.id}`.toLowerCase(), text: element.textContent.toLowerCase(),
    })),
    ...[...document.querySelectorAll(".guide h2")].map((element) => ({
      id: element.id, kind: "guide", title: element.textContent, head: element.textContent.toLowerCase(), text: "",
    })),
  ];
  const rank = (entry, words, whole) => {
    if (entry.head === whole || entry.id.toLowerCase() === whole || entry.title.toLowerCase() === whole) return 5;
    if (entry.head.startsWith(whole)) return 4;
    if (words.every((word) => entry.head.includes(word))) return 3;
    if (words.every((word) => entry.text.includes(word))) return words.length > 1 && entry.text.includes(whole) ? 2 : 1;
    return 0;
  };
  let chosen = -1;
  const choose = (next) => {
    const items = results.children;
    if (!items.length) return;
    items[chosen]?.setAttribute("aria-selected", "false");
    chosen = (next + items.length) % items.length;
    items[chosen].setAttribute("aria-selected", "true");
    items[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[chosen].id);
  };
  const close = () => {
    results.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const look = () => {
    const whole = input.value.trim().toLowerCase();
    if (!whole) { close(); found.textContent = ""; return; }
    const words = whole.split(/\s+/);
    const hits = entries().map((entry) => ({ entry, rank: rank(entry, words, whole) })).filter((hit) => hit.rank > 0);
    hits.sort((a, b) => b.rank - a.rank);
    results.replaceChildren(...hits.slice(0, 30).map(({ entry }, at) => {
      const item = document.createElement("li");
      const kind = document.createElement("small");
      kind.textContent = entry.kind;
      item.append(kind, entry.title);
      item.id = `result-${at}`;
      item.dataset.to = entry.id;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      return item;
    }));
    found.textContent = hits.length ? `${hits.length} found` : "nothing found";
    if (!hits.length) {
      const item = document.createElement("li");
      item.textContent = "Nothing found.";
      results.append(item);
    }
    results.hidden = false;
    input.setAttribute("aria-expanded", "true");
    chosen = -1;
    if (hits.length) choose(0);
  };
  const go = (item) => {
    if (!item?.dataset.to) return;
    close();
    input.blur();
    location.hash = item.dataset.to;
  };
  input.addEventListener("input", look);
  input.addEventListener("focus", () => { if (input.value) look(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { choose(chosen + 1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(chosen - 1); event.preventDefault(); }
    else if (event.key === "Enter") { go(results.children[chosen]); event.preventDefault(); }
    else if (event.key === "Escape") { input.value = ""; close(); input.blur(); }
  });
  results.addEventListener("mousedown", (event) => { event.preventDefault(); go(event.target.closest("li")); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const opens = event.key === "/" || (event.key === "k" && (event.ctrlKey || event.metaKey));
    if (opens && (!typing || event.key === "k")) { input.focus(); input.select(); event.preventDefault(); }
  });

  // Whoever chooses another audience stays where they are, if it is there.
  document.querySelectorAll(".choice a").forEach((link) => link.addEventListener("click", () => { link.hash = location.hash; }));

  for (const block of document.querySelectorAll("pre")) {
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy";
    copy.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(block.querySelector("code").textContent); copy.textContent = "Copied"; }
      catch { copy.textContent = "Not allowed"; }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
    block.append(copy);
  }
})();
