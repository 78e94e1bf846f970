/** A take on the wall: its picture, what it is, what the checks say, and where it stands with people. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { url } from "./api.js";
import * as words from "./words.js";

/** A card for the grid. Its element holds `data-id`. */
export function card(take) {
  return shell(take, "card", [picture(take), h("div", { class: "card-words" }, first(take), second(take), third(take))]);
}

/** The same take as a line of the list. */
export function line(take) {
  const { icon: mark, word, tone } = words.checks(take);
  const state = words.state(take);
  return shell(take, "line", [
    h("span", { class: "line-name cut" }, h("span", { class: "strong", text: take.shot || take.title }), " ", h("span", { class: "second", text: take.task })),
    h("span", { class: "line-take" }, arrows(take), h("span", { class: "strong", text: take.take })),
    h("span", { class: `line-qc cut ${tone}`, title: take.reason || word }, icon(mark, 14), h("span", { class: "cut", text: take.qc === "pass" ? word : take.reason || word })),
    h("span", { class: `line-state cut ${take.state === "to_review" ? "strong" : ""}` }, icon(state.icon, 14), h("span", { text: `${state.word} ${state.rest}`.trim() })),
    h("span", { class: "line-model cut second", text: [take.model, take.model_version].filter(Boolean).join(" ") }),
    h("span", { class: "line-who cut second", text: take.artist }),
    h("span", { class: "line-age second", text: ageOf(take) }),
    h("span", { class: "line-cost second", text: words.cost(take) }),
  ]);
}

function shell(take, name, children) {
  return h("div", { class: name, role: "option", id: `take-${take.id}`, tabindex: "-1", data: { id: take.id, state: take.state, qc: take.qc }, aria: { label: spoken(take), selected: "false" } }, children);
}

/** All of a card as one sentence. */
export function spoken(take) {
  const state = words.state(take);
  const arrow = take.retakes ? `, ${words.many(take.retakes, "earlier retake")}` : "";
  return `${words.title(take)}${arrow}. Checks: ${words.checks(take).word}. ${state.word} ${state.rest}. ${take.artist}, ${ageOf(take)}. ${words.cost(take)}`.trim();
}

function picture(take) {
  const box = h("div", { class: "card-picture" });
  if (take.thumbnail) {
    const image = h("img", { alt: "", decoding: "async", draggable: "false", src: url(take.thumbnail) });
    image.addEventListener("error", () => image.replaceWith(none(take)));
    box.append(image);
  } else {
    box.append(none(take));
  }
  if (take.state === "running" || take.state === "stopped") {
    const share = words.percent(take.progress?.done ?? 0, take.progress?.total ?? 0);
    box.append(h("div", { class: "card-progress", role: "progressbar", aria: { valuenow: share, valuemin: 0, valuemax: 100, label: "Frames done" } }, h("div", { style: { width: `${share}%` } })));
  }
  return box;
}

function none(take) {
  const why = { queued: "No frame yet", running: "No frame yet" }[take.state] ?? (take.kind && take.kind !== "image" ? "No picture: geometry" : "No picture");
  return h("span", { class: "card-none quiet", text: why });
}

function arrows(take) {
  if (!take.retakes) return null;
  const shown = Math.min(take.retakes, 3);
  const label = words.many(take.retakes, "earlier retake");
  return h("span", { class: "arrows second", title: label }, Array.from({ length: shown }, () => icon("retake", 12)), take.retakes > shown ? h("span", { text: `+${take.retakes - shown}` }) : null);
}

function first(take) {
  return h("div", { class: "card-line card-title" }, h("span", { class: "strong cut", text: take.shot || take.title }), h("span", { class: "second", text: take.task }), h("span", { class: "grow" }), arrows(take), h("span", { class: "strong", text: take.take }));
}

function second(take) {
  const { icon: mark, word, tone } = words.checks(take);
  return h("div", { class: "card-line" }, h("span", { class: `card-said cut ${tone}`, title: take.reason || word }, icon(mark, 14), h("span", { class: "cut", text: word })), h("span", { class: "grow" }), h("span", { class: "card-who second", title: take.artist }, h("span", { class: "not-narrow", text: words.shortName(take.artist) }), h("span", { class: "only-narrow", text: words.initials(take.artist) }), ` · ${ageOf(take)}`));
}

function third(take) {
  const { icon: mark, word, rest } = words.state(take);
  return h("div", { class: "card-line" }, h("span", { class: `card-said cut ${take.state === "to_review" ? "strong" : ""}` }, icon(mark, 14), h("span", { text: word }), rest ? h("span", { class: "second", text: rest }) : null), h("span", { class: "grow" }), h("span", { class: "second", text: words.cost(take) }));
}

/** How old a take is, or how long it still takes. */
function ageOf(take) {
  if (take.state === "running" && Number.isFinite(take.progress?.left)) return `${words.duration(take.progress.left)} left`;
  const since = take.seen_at ? (Date.now() - take.seen_at) / 1000 : 0;
  return words.age(take.age_seconds + since);
}
