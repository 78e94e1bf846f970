/** The bar above a take: back to the wall, what it is, which version, its state, and the next one to review. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { menu } from "./dialog.js";
import { go, link } from "./state.js";
import { fault, toast } from "./say.js";
import { hint } from "./keys.js";
import * as words from "./words.js";

/** A header element for `take` (GET /takes/ID); its place among those to review comes when it is known. */
export function bar(take, ctx) {
  const place = h("span", { class: "second not-narrow" });
  ctx.place(take.id).then((found) => {
    place.textContent = found ? `${found.at} of ${found.of} to review` : "";
  });
  const version = h("button", { class: "button", type: "button", aria: { label: `Take ${take.take}, choose another` } }, h("span", { class: "strong", text: take.take }), icon("down", 12));
  menu(version, () => take.others.map((other) => ({ words: `${other.take}  ${other.state_word ?? words.STATES[other.state]?.[1] ?? ""}`, checked: other.id === take.id, run: () => go({ view: "take", id: other.id }) })));
  const said = words.state(take);
  return h(
    "header",
    { class: "bar", data: { region: "take" } },
    h("button", { class: "button plain-button", type: "button", title: `Wall (${hint("wall")})`, on: { click: () => ctx.wall() } }, icon("left", 12), "Wall"),
    h("span", { class: "rule" }),
    h("h1", { class: "cut" }, h("span", { class: "strong", text: take.shot || take.title }), h("span", { class: "second", text: take.task })),
    version,
    h("span", { class: "row state" }, icon(said.icon, 14), h("span", { text: `${said.word} ${said.rest}`.trim() })),
    h("span", { class: "grow" }),
    place,
    lone("left", `Previous to review (${hint("previous")})`, () => ctx.next(-1)),
    lone("right", `Next to review (${hint("next")})`, () => ctx.next(1)),
    h("span", { class: "rule" }),
    h("button", { class: "button plain-button", type: "button", on: { click: copyLink } }, icon("link", 14), h("span", { class: "not-narrow", text: "Copy link" })),
    lone("full", "Fill the screen", fillScreen),
    lone("keyboard", `Keys (${hint("keys")})`, () => ctx.openKeys()),
    face(ctx.me),
  );
}

/** A button of an icon alone; `label` says what it does. */
export function lone(name, label, run) {
  return h("button", { class: "button plain-button lone", type: "button", title: label, aria: { label }, on: { click: run } }, icon(name, 14));
}

/** Who reviews here: initials, the name as their tooltip. */
export function face(me) {
  const name = me.name || me.login;
  const may = me.canDecide ? `Decisions are signed as ${name}` : `Looking only: ${me.why}`;
  return h("span", { class: "face", role: "img", title: may, aria: { label: may }, text: words.initials(name) });
}

export async function copyLink() {
  try {
    await navigator.clipboard.writeText(link());
    toast("Link copied. It shows another person just this.");
  } catch {
    fault({ problem: "The browser did not allow copying.", remedy: "Copy the address of the page instead." });
  }
}

export function fillScreen() {
  const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  done.catch(() => fault({ problem: "The browser did not allow the full screen." }));
}
