/** Filters: the tabs of states above the wall, and the rail of checks, tasks, people, sequences and models. */

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import { go, route } from "./state.js";
import * as words from "./words.js";

const FEW = 5; // of a list, before "4 more"
const TABS = [
  ["", "All", ""],
  ["to_review", "To review", "to_review"],
  ["running,queued", "In progress", "running"],
  ["retake", "Retake", "retake"],
  ["approved", "Approved", "approved"],
  ["stopped,not_finished", "Stopped", "stopped"],
  ["held_back", "Held back", "held_back"],
];
const LISTS = [["task", "Task"], ["artist", "Artist"], ["sequence", "Sequence"], ["model", "Model"]];

/** Names of the address that narrow the wall. */
export const NAMES = Object.freeze(["q", "show", "sequence", "shot", "task", "model", "artist", "qc", "state"]);

/** Those of NAMES that are set. */
export function filters(params) {
  return Object.fromEntries(NAMES.filter((name) => params[name]).map((name) => [name, params[name]]));
}

/** All filters away. */
export function clear() {
  go(Object.fromEntries(NAMES.map((name) => [name, null])));
}

/** The tabs, drawn anew by draw(counts). */
export function tabs() {
  const element = h("div", { class: "tabs", role: "group", aria: { label: "State" } });
  const draw = (counts) => {
    const now = route().params.state ?? "";
    const of = counts.state ?? {};
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.value : null;
    fill(element, TABS.map(([value, word, mark]) => tab(value, word, mark, count(of, value), value === now)));
    if (focused !== null) [...element.children].find((one) => one.dataset.value === focused)?.focus();
  };
  return { element, draw };
}

function count(of, value) {
  const names = value ? value.split(",") : Object.keys(of);
  return names.reduce((sum, name) => sum + (of[name] ?? 0), 0);
}

function tab(value, word, mark, number, on) {
  return h("button", { class: "button plain-button tab", type: "button", data: { value }, aria: { pressed: on }, on: { click: () => go({ state: value }) } }, mark ? icon(mark, 14) : null, h("span", { text: word }), h("span", { class: "said", text: number.toLocaleString("en") }));
}

/** The rail, drawn anew by draw(counts). */
export function rail() {
  const element = h("aside", { class: "rail", aria: { label: "Filters" }, data: { region: "filters" } });
  const wide = new Set();
  let counts = {};
  const draw = (given = counts) => {
    counts = given;
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    fill(element, checks(counts.qc ?? {}), LISTS.map(([name, title]) => list(name, title, counts[name] ?? {})), chosen() ? h("button", { class: "button rail-clear", type: "button", data: { key: "clear" }, text: "Clear filters", on: { click: clear } }) : null);
    if (focused) [...element.querySelectorAll("button")].find((one) => one.dataset.key === focused)?.focus();
  };

  function list(name, title, of) {
    // In the order of their names where names are numbers of a cut, else the most frequent first.
    const byName = name === "sequence";
    const all = Object.entries(of).filter(([value]) => value !== "").sort((a, b) => (byName ? a[0].localeCompare(b[0], "en", { numeric: true }) : b[1] - a[1] || a[0].localeCompare(b[0])));
    const now = route().params[name] ?? "";
    if (now && !(now in of)) all.unshift([now, 0]);
    if (!all.length) return null;
    const shown = wide.has(name) || all.length <= FEW + 1 ? all : all.slice(0, FEW);
    if (now && !shown.some(([value]) => value === now)) shown.push(all.find(([value]) => value === now));
    const rest = all.filter((one) => !shown.includes(one));
    return section(title, [
      shown.map(([value, number]) => item(name, value, value, number, null, "")),
      rest.length ? more(`${name}-more`, `${rest.length} more`, rest.reduce((sum, [, number]) => sum + number, 0), () => { wide.add(name); draw(); }) : null,
      wide.has(name) ? more(`${name}-more`, "Fewer", "", () => { wide.delete(name); draw(); }) : null,
    ]);
  }

  return { element, draw };
}

function chosen() {
  return Object.keys(filters(route().params)).length > 0;
}

function checks(of) {
  return section("Checks", Object.entries(words.CHECKS).map(([value, [mark, word]]) => item("qc", value, word, of[value] ?? 0, mark, ["pass", "warn", "fail"].includes(value) ? value : "second")));
}

function section(title, children) {
  return h("section", { class: "rail-section" }, h("h2", { class: "strong", text: title }), children);
}

function item(name, value, word, number, mark, tone) {
  const on = route().params[name] === value;
  return h("button", { class: "rail-item", type: "button", data: { key: `${name}=${value}` }, aria: { pressed: on }, on: { click: () => go({ [name]: on ? null : value }) } }, mark ? h("span", { class: tone }, icon(mark, 14)) : null, h("span", { class: "cut", text: word }), h("span", { class: "grow" }), on ? icon("close", 10) : null, h("span", { class: "second", text: number.toLocaleString("en") }));
}

function more(key, word, number, run) {
  return h("button", { class: "rail-item second", type: "button", data: { key }, on: { click: run } }, h("span", { text: word }), h("span", { class: "grow" }), h("span", { text: number.toLocaleString("en") }));
}
