/** Dialogs: one at a time over the page, with the keys to themselves; Esc closes, focus goes back where it was. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { scope } from "./keys.js";

const FOCUSED = "button:not([disabled]), [href], input:not([disabled]), textarea, select, [tabindex='0']";
const open = [];

/** Whether a dialog is over the page. */
export function isOpen() {
  return open.length > 0;
}

/** Takes all dialogs away, as when the page goes to another take. */
export function closeAll() {
  for (const one of [...open]) one.close();
}

/**
 * Opens a dialog. body, foot: elements. `handlers`: of keys (keys.js), besides Esc; `scopes`: under which
 * names they are asked ("dialog" always). `size`: small, middle, large. `closing()` may return false: what
 * was written is not thrown away. Returns {element, close()}.
 */
export function dialog({ title, mark = "", body, foot = [], head = [], size = "small", handlers = {}, names = [], closing = () => true, closed = () => {} }) {
  const before = document.activeElement;
  const titled = `dialog-${Math.random().toString(36).slice(2)}`;
  const box = h(
    "div",
    { class: `dialog dialog-${size}`, role: "dialog", aria: { modal: "true", labelledby: titled }, tabindex: "-1" },
    h(
      "header",
      { class: "dialog-head" },
      mark ? icon(mark, 16) : null,
      h("h2", { id: titled, text: title }),
      head,
      h("span", { class: "grow" }),
      h("button", { class: "button plain-button", type: "button", on: { click: () => shut() } }, "Close", h("kbd", { class: "key", text: "Esc" })),
    ),
    h("div", { class: "dialog-body" }, body),
    foot.length ? h("footer", { class: "dialog-foot" }, foot) : null,
  );
  const veil = h("div", { class: "veil", on: { mousedown: (event) => event.target === veil && shut() } }, box);
  const offs = ["page", ...names, "dialog"].map((name, at) => scope(name, name === "page" ? {} : handlers, { alone: at === 0 }));
  const one = { element: box, close };

  // Heard wherever the focus is: what had it may just have been drawn anew.
  function pressed(event) {
    if (open.at(-1) !== one || event.defaultPrevented) return;
    if (event.key === "Tab") return round(box, event);
    if (event.key !== "Escape") return;
    event.preventDefault();
    shut();
  }

  function close() {
    if (!open.includes(one)) return;
    removeEventListener("keydown", pressed);
    open.splice(open.indexOf(one), 1);
    for (const off of offs) off();
    veil.remove();
    document.getElementById("view").inert = isOpen();
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    closed();
  }

  function shut() {
    if (closing()) close();
  }

  addEventListener("keydown", pressed);
  open.push(one);
  document.getElementById("dialogs").append(veil);
  document.getElementById("view").inert = true;
  (box.querySelector("[data-focus]") ?? box.querySelector(".dialog-foot .primary") ?? box).focus();
  return one;
}

// Tab goes round within the dialog: the page below is inert, the browser's own bar would be next.
function round(box, event) {
  const all = [...box.querySelectorAll(FOCUSED)].filter((element) => element.offsetParent !== null);
  const at = all.indexOf(document.activeElement);
  if (!all.length || (event.shiftKey ? at > 0 : at >= 0 && at < all.length - 1)) return;
  event.preventDefault();
  all[event.shiftKey ? all.length - 1 : 0].focus();
}

/**
 * A list of choices below `button`, opened by click, Enter or arrow; each is {words, icon, checked, run}.
 * `items()` is asked when it opens.
 */
export function menu(button, items) {
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => drop(button, items()));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    drop(button, items());
  });
}

function drop(button, items) {
  const list = h("div", { class: "menu", role: "menu", tabindex: "-1" });
  const away = (focus) => {
    list.remove();
    button.setAttribute("aria-expanded", "false");
    removeEventListener("pointerdown", outside, true);
    if (focus) button.focus();
  };
  const outside = (event) => {
    if (!list.contains(event.target)) away(false);
  };
  for (const item of items) {
    const role = item.checked === undefined ? "menuitem" : "menuitemradio";
    const checked = item.checked === undefined ? {} : { checked: Boolean(item.checked) };
    list.append(
      h("button", { class: "menu-item", type: "button", role, tabindex: "-1", aria: checked, on: { click: () => { away(true); item.run(); } } }, h("span", { class: "menu-mark" }, item.checked ? icon("check", 12) : item.icon ? icon(item.icon, 14) : null), h("span", { class: "grow", text: item.words }), item.count === undefined ? null : h("span", { class: "second", text: String(item.count) })),
    );
  }
  list.addEventListener("keydown", (event) => moved(event, list, away));
  list.addEventListener("focusout", (event) => event.relatedTarget && !list.contains(event.relatedTarget) && away(false));
  document.getElementById("dialogs").append(list);
  place(list, button);
  button.setAttribute("aria-expanded", "true");
  addEventListener("pointerdown", outside, true);
  (list.querySelector("[aria-checked=true]") ?? list.firstElementChild)?.focus();
}

function place(list, button) {
  const at = button.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - list.offsetWidth - 8);
  const below = at.bottom + 4;
  const top = below + list.offsetHeight > innerHeight ? Math.max(8, at.top - list.offsetHeight - 4) : below;
  list.style.setProperty("left", `${Math.max(8, left)}px`);
  list.style.setProperty("top", `${top}px`);
}

function moved(event, list, away) {
  const all = [...list.children];
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    away(true);
  } else if (to !== undefined) {
    event.preventDefault();
    event.stopPropagation();
    all[to % all.length].focus();
  }
}
