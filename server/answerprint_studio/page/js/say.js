/** What the page says beside what it shows: to those who read with their ears, and for a moment to all. */

import { h } from "./dom.js";

const LONG = 10_000; // how long a decision can be taken back

/** Said to a screen reader once, when it is done with what it says. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  // A new node in an empty region is read even where the words are those of before.
  queueMicrotask(() => live.replaceChildren(document.createTextNode(text)));
}

/**
 * A line that goes by itself. `action`: {words, run}: one thing to do about it meanwhile. Returns what
 * takes it away.
 */
export function toast(text, { action = null, tone = "" } = {}) {
  const box = document.getElementById("toasts");
  const line = h("div", { class: `toast ${tone}` }, h("span", { text }));
  const away = () => {
    clearTimeout(timer);
    line.remove();
  };
  if (action) line.append(h("button", { class: "button", type: "button", text: action.words, on: { click: () => { away(); action.run(); } } }));
  const timer = setTimeout(away, LONG);
  box.replaceChildren(line);
  announce(text);
  return away;
}

/** A fault in words: problem and remedy. */
export function fault(error) {
  const text = [error.problem ?? "Something went wrong in the page.", error.remedy ?? ""].filter(Boolean).join(" ");
  if (!error.problem) console.error(error);
  return toast(text, { tone: "fail" });
}
