/** Keys: one table of all that there are. Who handles an action opens a scope with it; `?` shows the table.
 *
 * A key is written as the event names it, with Ctrl+, Alt+ and Shift+ before it (Shift only where it makes
 * no other character): "a", "?", "Shift+ArrowLeft", "Ctrl+Enter". Cmd counts as Ctrl.
 */

import { typing } from "./dom.js";

const STORED = "answerprint.keys";

/**
 * id, where it stands, its words, its keys, and where it works. `only`: while the picture has the focus;
 * `fixed`: nobody changes it; `shown`: its caps in the list, none where another line tells it too.
 */
export const TABLE = Object.freeze([
  { id: "approve", section: "Decide", words: "Approve", keys: ["a"], scopes: ["wall", "player", "sheet"] },
  { id: "retake", section: "Decide", words: "Retake with a note", keys: ["r"], scopes: ["wall", "player", "sheet"] },
  { id: "note", section: "Decide", words: "Note on this frame", keys: ["m"], scopes: ["player"] },
  { id: "take_back", section: "Decide", words: "Take back, for 10 s", keys: ["Ctrl+z"], scopes: ["page"] },
  { id: "next", section: "Go to", words: "Next to review", keys: ["n"], scopes: ["wall", "player", "sheet"] },
  { id: "previous", section: "Go to", words: "Previous", keys: ["Shift+N"], scopes: ["wall", "player", "sheet"] },
  { id: "wall", section: "Go to", words: "Wall", keys: ["g"], scopes: ["page"] },
  { id: "search", section: "Go to", words: "Search", keys: ["/"], scopes: ["wall"] },
  { id: "keys", section: "Go to", words: "These keys", keys: ["?"], scopes: ["page"] },
  { id: "region", section: "Go to", words: "Next part of the page", keys: ["F6"], scopes: ["page"], fixed: true },
  { id: "play", section: "Time", words: "Play, stop", keys: [" "], scopes: ["player"] },
  { id: "frame_back", section: "Time", words: "One frame", keys: ["ArrowLeft"], scopes: ["player"], fixed: true, shown: ["←", "→"] },
  { id: "frame_on", section: "Time", words: "One frame on", keys: ["ArrowRight"], scopes: ["player"], fixed: true, shown: [] },
  { id: "ten_back", section: "Time", words: "Ten frames", keys: ["Shift+ArrowLeft"], scopes: ["player"], fixed: true, shown: ["Shift", "←", "→"] },
  { id: "ten_on", section: "Time", words: "Ten frames on", keys: ["Shift+ArrowRight"], scopes: ["player"], fixed: true, shown: [] },
  { id: "first", section: "Time", words: "First, last", keys: ["Home"], scopes: ["player"], fixed: true, shown: ["Home", "End"] },
  { id: "last", section: "Time", words: "Last frame", keys: ["End"], scopes: ["player"], fixed: true, shown: [] },
  { id: "mark_back", section: "Time", words: "Previous mark", keys: ["["], scopes: ["player"] },
  { id: "mark_on", section: "Time", words: "Next mark", keys: ["]"], scopes: ["player"] },
  { id: "loop", section: "Time", words: "Loop", keys: ["l"], scopes: ["player"] },
  { id: "left", section: "Wall", words: "Move", keys: ["ArrowLeft"], scopes: ["wall", "sheet"], fixed: true, shown: ["←", "→", "↑", "↓"] },
  { id: "right", section: "Wall", words: "Move right", keys: ["ArrowRight"], scopes: ["wall", "sheet"], fixed: true, shown: [] },
  { id: "up", section: "Wall", words: "Move up", keys: ["ArrowUp"], scopes: ["wall", "sheet"], fixed: true, shown: [] },
  { id: "down", section: "Wall", words: "Move down", keys: ["ArrowDown"], scopes: ["wall", "sheet"], fixed: true, shown: [] },
  { id: "open", section: "Wall", words: "Open", keys: ["Enter"], scopes: ["wall", "sheet"], fixed: true },
  { id: "more_left", section: "Wall", words: "Select more", keys: ["Shift+ArrowLeft"], scopes: ["wall"], fixed: true, shown: ["Shift", "←", "→"] },
  { id: "more_right", section: "Wall", words: "Select more to the right", keys: ["Shift+ArrowRight"], scopes: ["wall"], fixed: true, shown: [] },
  { id: "compare", section: "Wall", words: "Compare selected", keys: ["c"], scopes: ["wall", "sheet"] },
  { id: "flip", section: "Compare", words: "Flip A and B", keys: ["Tab"], scopes: ["player"], only: "picture" },
  { id: "wipe", section: "Compare", words: "Wipe", keys: ["w"], scopes: ["player"] },
  { id: "side", section: "Compare", words: "Side by side", keys: ["s"], scopes: ["player"] },
  { id: "difference", section: "Compare", words: "Difference", keys: ["d"], scopes: ["player"] },
  { id: "swap", section: "Compare", words: "Swap A and B", keys: ["x"], scopes: ["player"] },
  { id: "newer", section: "Compare", words: "Newer, older take", keys: ["ArrowUp"], scopes: ["player"], fixed: true, shown: ["↑", "↓"] },
  { id: "older", section: "Compare", words: "Older take", keys: ["ArrowDown"], scopes: ["player"], fixed: true, shown: [] },
  { id: "pick", section: "Wedge", words: "Pick by number", keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], scopes: ["sheet", "player"], fixed: true, shown: ["1", "to", "9"] },
  { id: "zero", section: "Wedge", words: "After a digit, above 9", keys: ["0"], scopes: ["sheet"], fixed: true },
  { id: "promote", section: "Wedge", words: "Promote", keys: ["p"], scopes: ["sheet", "player"] },
  { id: "brighter", section: "Picture", words: "Exposure up", keys: ["e"], scopes: ["player"] },
  { id: "darker", section: "Picture", words: "Exposure down", keys: ["Shift+E"], scopes: ["player"] },
  { id: "neutral", section: "Picture", words: "Exposure and gamma back", keys: ["0"], scopes: ["player"] },
  { id: "fit", section: "Picture", words: "Fit", keys: ["f"], scopes: ["player"] },
  { id: "one_to_one", section: "Picture", words: "One to one", keys: ["z"], scopes: ["player"] },
  { id: "marks", section: "Picture", words: "Marks on, off", keys: ["o"], scopes: ["player"] },
  { id: "layer", section: "Picture", words: "Layer", keys: ["y"], scopes: ["player"] },
  { id: "tool", section: "Draw", words: "Pen to text", keys: ["1", "2", "3", "4", "5"], scopes: ["draw"], fixed: true, shown: ["1", "to", "5"] },
  { id: "undo", section: "Draw", words: "Undo", keys: ["Ctrl+z"], scopes: ["draw"], fixed: true },
  { id: "send", section: "Draw", words: "Send", keys: ["Ctrl+Enter"], scopes: ["dialog", "draw"], fixed: true },
]);

const scopes = [];
let stored = load();

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return { single: kept.single !== false, own: typeof kept.own === "object" && kept.own ? kept.own : {} };
  } catch {
    return { single: true, own: {} };
  }
}

function keep() {
  try {
    localStorage.setItem(STORED, JSON.stringify(stored));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is left.
  }
}

/** How the event's key is written in the table. */
export function written(event) {
  const printable = event.key.length === 1;
  const shift = event.shiftKey && (!printable || /[A-Z ]/i.test(event.key)) ? "Shift+" : "";
  const key = printable && (event.ctrlKey || event.metaKey || !event.shiftKey) ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift}${key}`;
}

/** The keys of an action as they are now: a person's own, or ours. */
export function keysOf(action) {
  const own = stored.own[action.id];
  return typeof own === "string" ? [own] : action.keys;
}

/** Whether keys without Ctrl or Alt do anything: not for somebody who dictates. */
export function single(on) {
  if (on !== undefined) {
    stored.single = Boolean(on);
    keep();
  }
  return stored.single;
}

/**
 * Gives `action` another key; null: ours again. Returns the action that has this key already where both
 * work, and changes nothing then.
 */
export function change(action, key) {
  const taken = key && TABLE.find((other) => other !== action && keysOf(other).includes(key) && other.scopes.some((s) => s === "page" || action.scopes.includes(s) || action.scopes.includes("page")));
  if (taken) return taken;
  if (key === null) delete stored.own[action.id];
  else stored.own[action.id] = key;
  keep();
  return null;
}

/** All keys as they came. */
export function reset() {
  stored = { single: true, own: {} };
  keep();
}

/**
 * Handles actions until the returned function is called: {approve(event) {...}, ...}. The scope opened last
 * is asked first. `alone`: nothing below it is asked, as under a dialog.
 */
export function scope(name, handlers, { alone = false } = {}) {
  const entry = { name, handlers, alone };
  scopes.push(entry);
  return () => {
    const at = scopes.indexOf(entry);
    if (at >= 0) scopes.splice(at, 1);
  };
}

function meant(key, entry, target) {
  return TABLE.find(
    (action) =>
      action.scopes.includes(entry.name) &&
      entry.handlers[action.id] &&
      keysOf(action).includes(key) &&
      (action.only !== "picture" || target.closest?.("[data-picture]")),
  );
}

// A button is pressed by Enter and Space, and lists, sliders and menus are moved in by arrows.
function own(event, key) {
  const target = event.target instanceof Element ? event.target : document.body;
  if (typing(target)) return !/^Ctrl\+Enter$|^F\d+$/.test(key);
  if (/^(Shift\+)?( |Enter)$/.test(key)) return Boolean(target.closest("button, a[href], summary, input, [role=button], [role=menuitem]"));
  if (/Arrow|Home|End/.test(key)) return Boolean(target.closest("input, [role=menu], [role=slider], [role=radiogroup]"));
  return false;
}

export function dispatch(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const key = written(event);
  if (own(event, key)) return;
  if (!stored.single && [...key.replace("Shift+", "")].length === 1) return;
  for (const entry of [...scopes].reverse()) {
    const action = meant(key, entry, event.target);
    if (action) {
      event.preventDefault();
      entry.handlers[action.id](event);
      return;
    }
    if (entry.alone) return;
  }
}

addEventListener("keydown", dispatch);

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** What stands on the caps of a key: ["Shift", "←"]. */
export function caps(key) {
  const parts = key === "+" ? ["+"] : key.split(/\+(?=.)/);
  return parts.map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part));
}

/** The first key of an action as one string, for a tooltip: "Ctrl+Z". */
export function hint(id) {
  const action = TABLE.find((one) => one.id === id);
  return action ? caps(keysOf(action)[0]).join("+") : "";
}
