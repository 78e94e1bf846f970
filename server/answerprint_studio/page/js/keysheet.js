/** The keys on one page: found by a word, turned off for those who dictate, changed for those who have others. */

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import { dialog, isOpen } from "./dialog.js";
import * as keys from "./keys.js";
import { announce } from "./say.js";

const COLUMNS = [["Decide", "Go to"], ["Time", "Wall"], ["Compare", "Wedge"], ["Picture", "Draw"]];

export function openKeys() {
  if (isOpen()) return;
  let changing = false;
  const table = h("div", { class: "keys-table" });
  const search = h("input", { class: "input keys-search", type: "search", placeholder: "Find a key or an action", aria: { label: "Find a key or an action" }, data: { focus: "first" }, on: { input: () => draw() } });
  const single = h("button", { class: "switch", type: "button", role: "switch", aria: { checked: keys.single(), label: "Single keys" }, on: { click: () => turn() } }, h("span", { class: "switch-knob" }));
  const word = h("span", { class: "second", text: keys.single() ? "On" : "Off" });
  const change = h("button", { class: "button", type: "button", text: "Change keys", aria: { pressed: "false" }, on: { click: () => toggle() } });
  const said = h("p", { class: "second grow" });

  function turn() {
    keys.single(!keys.single());
    single.setAttribute("aria-checked", String(keys.single()));
    word.textContent = keys.single() ? "On" : "Off";
  }

  function toggle() {
    changing = !changing;
    change.setAttribute("aria-pressed", String(changing));
    change.textContent = changing ? "Done" : "Change keys";
    draw();
  }

  function tell() {
    if (changing) fill(said, "Choose an action, then press its new key. ", h("button", { class: "button", type: "button", text: "All as they came", on: { click: () => { keys.reset(); draw(); } } }));
    else fill(said, "Tab flips only while the picture has focus. ", h("kbd", { class: "key", text: "F6" }), " next part of the page");
  }

  /** Anew, with the focus still in the dialog: the line that had it is another element by now. */
  function drawn() {
    draw();
    change.focus();
  }

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const fits = (action) => !wanted || [action.words, action.section, ...keys.keysOf(action).flatMap(keys.caps)].some((text) => text.toLowerCase().includes(wanted));
    fill(table, COLUMNS.map((sections) => h("div", {}, sections.map((name) => section(name, keys.TABLE.filter((action) => action.section === name && action.shown?.length !== 0 && fits(action)), changing, drawn)))));
    if (!table.querySelector(".keys-row")) fill(table, h("p", { class: "second", text: "No key and no action is called that." }));
    tell();
  }

  draw();
  dialog({ title: "Keys", mark: "keyboard", size: "middle", head: [h("label", { class: "keys-find" }, icon("search", 14), search)], body: table, foot: [said, h("span", { class: "row" }, "Single keys", single, word), change] });
}

function section(name, actions, changing, draw) {
  if (!actions.length) return null;
  return h("section", { class: "keys-section" }, h("h3", { class: "strong", text: name }), actions.map((action) => (changing && !action.fixed ? changed(action, draw) : row(action))));
}

function row(action) {
  return h("div", { class: "keys-row" }, h("span", { class: "grow", text: action.words }), capsOf(action));
}

function capsOf(action) {
  if (action.shown) return action.shown.map((part) => (part === "to" ? h("span", { class: "second", text: "to" }) : h("kbd", { class: "key", text: part })));
  return keys.caps(keys.keysOf(action)[0]).map((part) => h("kbd", { class: "key", text: part }));
}

function changed(action, draw) {
  const button = h("button", { class: "keys-row keys-change", type: "button" }, h("span", { class: "grow", text: action.words }), capsOf(action));
  const listen = (event) => {
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    button.removeEventListener("keydown", listen);
    if (event.key === "Escape") return draw();
    const taken = ["Tab", "Enter", "F6"].includes(event.key) ? { words: "something that cannot be changed" } : keys.change(action, keys.written(event));
    draw();
    announce(taken ? `That key is taken by: ${taken.words}.` : `${action.words}: ${keys.caps(keys.keysOf(action)[0]).join(" ")}`);
  };
  button.addEventListener("click", () => {
    button.querySelectorAll(".key").forEach((cap) => cap.remove());
    button.append(h("span", { class: "second", text: "press a key" }));
    button.addEventListener("keydown", listen);
    button.focus();
  });
  return button;
}
