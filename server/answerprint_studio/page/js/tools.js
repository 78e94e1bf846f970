/** The strip above the picture: how A and B are compared, what they are, and how they are looked at. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { menu } from "./dialog.js";
import { hint } from "./keys.js";

const MODES = Object.freeze([["a", "one", "A only", ""], ["b", "flip", "Flip", "flip"], ["wipe", "wipe", "Wipe", "wipe"], ["side", "side", "Side by side", "side"], ["difference", "difference", "Difference", "difference"]]);
export const GAINS = Object.freeze([1, 2, 4, 8, 16, 32, 64]);

/**
 * Draws the strip into `element`. now: {mode, gain, a, b (words), ev, gamma, display, view, zoom, percent, layer, stereo,
 * isData}; lists: {sides, layers, views (stereo), looks}; `go(patch)`: as of the address; `act(name)`.
 */
export function tools(element, now, lists, { go, act }) {
  const choices = h("div", { class: "choices", role: "group", aria: { label: "Compare" } }, MODES.map(([mode, name, words, action]) => {
    const label = action ? `${words} (${hint(action)})` : words;
    return h("button", { class: "button", type: "button", title: label, aria: { label, pressed: String(now.mode === mode) }, data: { mode }, on: { click: () => (mode === "b" && now.mode === "b" ? act("flip") : go({ mode })) } }, icon(name, 14), h("span", { class: "wide-only", text: words }));
  }));
  const parts = [choices, h("div", { class: "row" }, picker("A", now.a, lists.sides.map((side) => [side.words, side.key, side.key === now.keyA]), (a) => go({ a })), h("button", { class: "button plain-button lone", type: "button", title: `Swap A and B (${hint("swap")})`, aria: { label: "Swap A and B" }, on: { click: () => act("swap") } }, icon("swap", 14)), picker("B", now.b, lists.sides.map((side) => [side.words, side.key, side.key === now.keyB]), (b) => go({ b })))];
  if (now.mode === "difference") parts.push(picker("Gain", `×${now.gain}`, GAINS.map((gain) => [`×${gain}`, gain, gain === now.gain]), (gain) => go({ gain })));
  parts.push(h("span", { class: "grow" }));
  if (lists.views.length > 1) parts.push(picker("Eye", now.stereo, lists.views.map((view) => [view, view, view === now.stereo]), (stereo) => go({ stereo })));
  if (lists.layers.length > 1) parts.push(picker("Layer", now.layer || "made", [["made", null, !now.layer], ...lists.layers.map((layer) => [layer, layer, layer === now.layer])], (layer) => go({ layer })));
  parts.push(stepper("sun", "Exposure", signed(now.ev), () => act("darker"), () => act("brighter"), "ev"));
  parts.push(stepper("", "Gamma", now.gamma.toFixed(2), () => act("gamma_down"), () => act("gamma_up"), "gamma"));
  if (now.isData) parts.push(h("span", { class: "second note-data", text: now.isData }));
  else if (lists.looks.length) parts.push(picker("View", now.view, lists.looks.map(([display, view]) => [`${view} · ${display}`, { display, look: view }, display === now.display && view === now.view]), go));
  parts.push(picker("", `${now.percent} %`, [["Fit", null, now.zoom === "fit"], ["50 %", 0.5, now.zoom === 0.5], ["100 %", 1, now.zoom === 1], ["200 %", 2, now.zoom === 2], ["400 %", 4, now.zoom === 4]], (zoom) => go({ zoom, x: null, y: null }), "", "Zoom"));
  fill(element, parts);
}

/** +0.5, 0, -1. */
function signed(value) {
  return `${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${Math.abs(value)}`;
}

function picker(label, said, items, run, extra = "", spoken = label) {
  const button = h("button", { class: `button picker ${extra}`, type: "button", aria: { label: `${spoken}: ${said}` }, data: { picker: spoken.toLowerCase() } }, label ? h("span", { class: "said", text: label }) : null, h("span", { class: "cut", text: said }), icon("down", 12));
  menu(button, () => items.map(([words, value, checked]) => ({ words, checked, run: () => run(value) })));
  return button;
}

function stepper(mark, label, said, less, more, name, extra = "") {
  const one = (sign, words, run) => h("button", { class: "button plain-button lone", type: "button", title: words, aria: { label: words }, on: { click: run } }, icon(sign, 12));
  return h("div", { class: `stepper ${extra}`, role: "group", aria: { label }, data: { stepper: name } }, mark ? icon(mark, 14) : h("span", { class: "said", text: label }), one("minus", `${label} down`, less), h("output", { text: said }), one("plus", `${label} up`, more));
}
