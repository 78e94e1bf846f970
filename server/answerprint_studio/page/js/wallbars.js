/** The bars of the wall: search above, order beside the tabs, what is selected and its keys below. */

import { url, query } from "./api.js";
import { face, lone } from "./bar.js";
import { menu } from "./dialog.js";
import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import * as keys from "./keys.js";
import { go, route } from "./state.js";
import * as theme from "./theme.js";
import * as words from "./words.js";

const GROUPS = [["sequence", "Sequence"], ["shot", "Shot"], ["task", "Task"], ["artist", "Artist"], ["none", "Nothing"]];
const SORTS = [["cut", "Cut order"], ["newest", "Newest first"], ["oldest", "Oldest first"], ["checks", "Worst checks first"], ["state", "State"], ["cost", "Longest first"]];
const THEMES = { auto: "as the system", dark: "dark", light: "light" };
const SLOW = 150; // ms after the last key of a search

/** Name, show, search; the service, the theme, the keys, the reviewer. */
export function top(wall, ctx) {
  const input = h("input", { class: "input search-input", type: "search", placeholder: "Search takes, models, people, states", spellcheck: "false", autocomplete: "off", maxlength: "200", aria: { label: "Search takes, models, people, states", keyshortcuts: "/" } });
  const show = h("button", { class: "button", type: "button", hidden: true });
  const service = h("span", { class: "row not-narrow" });
  const turn = lone("contrast", "", () => {
    theme.turn();
    label();
  });
  let timer = 0;
  menu(show, () => [["", "All shows"], ...Object.keys(wall.takes.counts.show ?? {}).filter(Boolean).sort().map((name) => [name, name])].map(([value, name]) => ({ words: name, checked: (route().params.show ?? "") === value, run: () => go({ show: value }) })));
  const ask = () => {
    clearTimeout(timer);
    go({ q: input.value.trim() }, { replace: true });
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SLOW);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      ask();
      wall.sheet.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      input.value = "";
      ask();
      wall.sheet.focus();
    }
  });

  function label() {
    const text = `Colours: ${THEMES[theme.chosen()]}. Change them`;
    turn.setAttribute("aria-label", text);
    turn.title = text;
  }

  function state(lost) {
    fill(service, icon(lost ? "warn" : "pass", 14), h("span", { text: lost ? "No answer" : "Studio ready" }));
  }

  function draw() {
    const { q = "", show: chosen = "" } = route().params;
    if (document.activeElement !== input) input.value = q;
    show.hidden = Object.keys(wall.takes.counts.show ?? {}).filter(Boolean).length < 2 && !chosen;
    fill(show, h("span", { class: "strong", text: chosen || "All shows" }), icon("down", 12));
  }

  const off = ctx.onEvents((event) => (event.kind === "gone" || event.kind === "back") && state(event.kind === "gone"));
  state(false);
  label();
  draw();
  const element = h(
    "header",
    { class: "wall-top", data: { region: "search" } },
    h("span", { class: "row brand" }, icon("answerprint", 22), h("span", { class: "strong", text: "Answerprint" })),
    h("span", { class: "rule" }),
    show,
    h("label", { class: "search", role: "search" }, icon("search", 14), input, h("kbd", { class: "key", text: "/", aria: { hidden: "true" } })),
    h("span", { class: "grow" }),
    service,
    h("span", { class: "rule not-narrow" }),
    turn,
    lone("keyboard", `Keys (${keys.hint("keys")})`, () => ctx.openKeys()),
    face(ctx.me),
  );
  return { element, draw, off, search: () => { input.focus(); input.select(); } };
}

/** Group, sort, what to export, cards or lines. */
export function tools(wall, ctx) {
  const open = h("button", { class: "button only-narrow", type: "button", aria: { expanded: "false" }, on: { click: () => drawer(wall, open) } }, icon("filter", 14), "Filters");
  const group = named("Group");
  const sort = named("Sort");
  const out = h("button", { class: "button lone", type: "button", title: "Export", aria: { label: "Export" } }, icon("export", 14));
  const grid = choice("grid", "Cards", () => go({ as: null }));
  const list = choice("list", "Lines", () => go({ as: "list" }));
  menu(group.button, () => GROUPS.map(([value, name]) => ({ words: name, checked: wall.by === value, run: () => go({ group: value === "sequence" ? null : value }) })));
  menu(sort.button, () => SORTS.map(([value, name]) => ({ words: name, checked: (route().params.sort ?? "cut") === value, run: () => go({ sort: value === "cut" ? null : value }) })));
  menu(out, () => exported(wall, ctx));
  const draw = () => {
    group.value.textContent = GROUPS.find(([value]) => value === wall.by)?.[1] ?? wall.by;
    sort.value.textContent = SORTS.find(([value]) => value === (route().params.sort ?? "cut"))?.[1] ?? "";
    grid.setAttribute("aria-pressed", String(!wall.list));
    list.setAttribute("aria-pressed", String(wall.list));
  };
  draw();
  return { element: h("div", { class: "row" }, open, group.button, sort.button, out, h("span", { class: "choices", role: "group", aria: { label: "Show as" } }, grid, list)), draw };
}

function named(word) {
  const value = h("span", { class: "cut" });
  return { value, button: h("button", { class: "button", type: "button" }, h("span", { class: "said", text: word }), value, icon("down", 12)) };
}

function choice(mark, label, run) {
  return h("button", { class: "button lone", type: "button", title: label, aria: { label }, on: { click: run } }, icon(mark, 14));
}

function drawer(wall, button) {
  const on = document.querySelector(".wall-main").classList.toggle("with-rail");
  button.setAttribute("aria-expanded", String(on));
  if (on) wall.filters.element.querySelector("button")?.focus();
}

/** The session as a file: of what is selected, where more than one is, else of what the filters show. */
function exported(wall, ctx) {
  const chosen = wall.all();
  const asked = chosen.length > 1 ? { ids: chosen.map((take) => take.id).join(",") } : wall.asked();
  const of = chosen.length > 1 ? `${chosen.length} selected` : words.many(wall.takes.total, "take");
  const run = (kind) => () => {
    h("a", { href: url(`/export/${kind}?${query(asked)}`), target: kind === "html" ? "_blank" : null, rel: "noopener", download: kind === "html" ? null : "" }).click();
    ctx.announce("Export started.");
  };
  return [
    { words: `Timeline of ${of} (OTIO)`, run: run("otio") },
    { words: `Table of ${of} (CSV)`, run: run("csv") },
    { words: `Page to print of ${of}`, run: run("html") },
  ];
}

/** What is selected, what its keys do, how many there are. */
export function foot(wall, ctx) {
  const chosen = h("span", { class: "strong cut foot-chosen" });
  const total = h("button", { class: "button plain-button foot-total", type: "button" });
  menu(total, () => [
    { words: "Latest take of each", checked: !route().params.all, run: () => go({ all: null }) },
    { words: "All takes", checked: Boolean(route().params.all), run: () => go({ all: "1" }) },
  ]);
  const draw = () => {
    const all = wall.all();
    chosen.textContent = all.length > 1 ? `${all.length} takes selected` : all.length ? words.title(all[0]) : "Nothing selected";
    const { total: count } = wall.takes;
    total.textContent = route().params.all ? words.many(count, "take") : `${count.toLocaleString("en")} latest take${count === 1 ? "" : "s"}`;
    total.append(icon("up", 12));
  };
  draw();
  const does = (id, text, run) => h("button", { class: "button plain-button does", type: "button", tabindex: "-1", on: { click: run } }, keys.caps(keys.keysOf(keys.TABLE.find((one) => one.id === id))[0]).map((cap) => h("kbd", { class: "key", text: cap })), h("span", { class: "second", text }));
  const handlers = wall.handlers();
  const element = h(
    "footer",
    { class: "wall-foot", data: { region: "selection" } },
    chosen,
    does("open", "open", handlers.open),
    does("approve", "approve", handlers.approve),
    does("retake", "retake", handlers.retake),
    does("compare", "compare with…", handlers.compare),
    h("span", { class: "row not-narrow" }, h("kbd", { class: "key", text: "Shift" }), h("span", { class: "second", text: "+ arrows select more" })),
    h("span", { class: "grow" }),
    total,
    does("keys", "keys", () => ctx.openKeys()),
  );
  return { element, draw };
}
