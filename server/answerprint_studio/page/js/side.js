/** Beside the picture: what the gates found, where the take comes from, its pixels, and what people said. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { hint } from "./keys.js";
import { figure } from "./timeline.js";
import * as words from "./words.js";

const PROVENANCE = Object.freeze({ verified: ["shield", "Verified", "pass"], changed: ["fail", "Pixels changed", "fail"], no_record: ["unjudged", "No record", "quiet"], unknown_key: ["unknown", "Unknown key", "warn"] });
const REVIEWS = Object.freeze({ approved: ["approved", "Approved"], retake: ["retake", "Retake asked"], withdrawn: ["withdrawn", "Taken back"], note: ["note", "Note"] });
const MOST = 200; // findings that are listed

/** The column. `seek(frame)`, `act(name)`: approve, retake; `note(text)`: resolves when it is kept; `look(review)`. */
export class Side {
  constructor({ seek, act, note, look }) {
    Object.assign(this, { seek, act, look });
    this.checks = section("Checks", true);
    this.provenance = section("Provenance");
    this.pixels = section("Pixels");
    this.take = section("Take");
    this.notes = section("Notes", true);
    this.input = h("textarea", { class: "input note-input", rows: "1", maxlength: "60000", aria: { label: "Note on this frame" } });
    this.input.addEventListener("keydown", (event) => this.#typed(event, note));
    this.form = h("div", { class: "note-form" }, this.input, h("kbd", { class: "key", text: hint("note") }));
    this.decisions = h("footer", { class: "decisions" });
    this.element = h("aside", { class: "side", data: { region: "side" }, aria: { label: "About this take" } }, h("div", { class: "side-scroll", tabindex: "-1" }, [this.checks, this.provenance, this.pixels, this.take, this.notes].map((one) => one.element), this.form), this.decisions);
  }

  /** All of it anew. */
  show(take, verdict, me, variation) {
    this.#checks(take, verdict, variation);
    const [mark, said, tone] = PROVENANCE[take.provenance?.verdict] ?? ["unjudged", "Not looked at", "quiet"];
    this.provenance.show(h("span", { class: `row ${tone}` }, icon(mark, 14), said), rows(take.provenance?.rows ?? []));
    this.#pixels(take);
    const who = [take.artist, `${words.age(take.age_seconds)}${/\d/.test(words.age(take.age_seconds)) ? " ago" : ""}`, words.frames(take.count)].filter(Boolean).join(", ");
    this.take.show(h("span", { class: "second", text: words.cost(take) }), [h("p", { class: "second", text: who }), h("p", { class: "second cut", text: [take.model, take.model_version].filter(Boolean).join(" ") })]);
    this.#notes(take);
    const idle = me.canDecide ? {} : { disabled: true, title: me.why };
    fill(
      this.decisions,
      me.canDecide ? null : h("p", { class: "second decide-why", text: me.why }),
      h("button", { class: "button decision", type: "button", data: { decide: "retake" }, ...idle, on: { click: () => this.act("retake") } }, icon("retake", 14), "Retake", h("kbd", { class: "key", text: hint("retake") })),
      h("button", { class: "button decision primary", type: "button", data: { decide: "approve" }, ...idle, on: { click: () => this.act("approve") } }, icon("pass", 14), "Approve", h("kbd", { class: "key", text: hint("approve") })),
    );
    this.input.disabled = !me.canDecide;
  }

  /** Where one is: the finding of this frame stands out, and a note is one on it. */
  at(frame) {
    this.input.placeholder = `Note on ${frame}`;
    for (const one of this.checks.body.querySelectorAll("[data-frame]")) one.setAttribute("aria-current", String(Number(one.dataset.frame) === frame));
  }

  async #typed(event, note) {
    if (event.key === "Escape") {
      this.input.blur();
      document.querySelector("[data-picture]")?.focus();
    }
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    const text = this.input.value.trim();
    if (!text || this.input.readOnly) return;
    this.input.readOnly = true;
    const kept = await note(text); // what was written is thrown away only once it is kept
    this.input.readOnly = false;
    if (kept) this.input.value = "";
  }

  #checks(take, verdict, variation) {
    const said = words.checks(take);
    const all = (verdict?.findings ?? []).filter((one) => !variation || !one.variation || one.variation === variation);
    const gates = Object.values(verdict?.gates ?? {});
    const passed = gates.filter((gate) => gate.verdict === "pass" && gate.limit !== null).length;
    const list = all.slice(0, MOST).map((one) => this.#finding(one));
    const rest = all.length + (verdict?.more ?? 0) - list.length;
    if (rest > 0) list.push(h("p", { class: "second", text: `and ${rest.toLocaleString("en")} more` }));
    const judged = Object.keys(verdict?.frames ?? {}).length;
    if (passed) list.push(h("p", { class: "second finding-rest", text: `${passed}${all.length ? " other" : ""} ${passed === 1 ? "gate passes" : "gates pass"} on ${judged === 1 ? "the frame" : `all ${judged} frames`}` }));
    if (!list.length) list.push(h("p", { class: "second", text: take.reason || "No gate has looked at this take." }));
    this.checks.show(h("span", { class: `row ${said.tone}` }, icon(said.icon, 14), said.word), list);
  }

  #finding(one) {
    const gate = one.words.replace(/^[^:]*: /, "").replace(/; limit .*$/, "");
    const parts = [icon("mark", 10), h("span", { class: "strong finding-frame", text: one.frame === null ? "take" : one.frame }), h("span", { class: "finding-words", text: one.place ? gate.replace(` in the ${one.place}`, "").replace(` ${one.place}`, "") : gate }), one.limit === null || one.limit === undefined ? null : h("span", { class: "second", text: `limit ${figure(one.limit)}` }), one.place ? h("span", { class: "second finding-place", text: one.place }) : null];
    const frame = one.frame === null ? {} : { frame: one.frame };
    return h("button", { class: `finding ${one.verdict}`, type: "button", title: one.words, data: { ...frame, gate: one.gate }, on: { click: () => one.frame !== null && this.seek(one.frame, one.variation) } }, parts);
  }

  #pixels(take) {
    const all = take.pixels?.rows ?? [];
    const cell = (text) => h("td", { text: text ?? "" });
    const size = [take.width, take.height].every(Boolean) ? `${take.width} × ${take.height}` : "";
    this.pixels.show(h("span", { class: "second", text: size }), all.length ? h("table", { class: "numbers" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }), h("th", { scope: "col", text: "plate" }), h("th", { scope: "col", text: "take" }))), h("tbody", {}, all.map(([label, plate, made]) => h("tr", {}, h("th", { scope: "row", text: label }), cell(plate), cell(made))))) : h("p", { class: "second", text: "Not counted." }));
  }

  #notes(take) {
    const all = [...(take.reviews ?? [])].reverse();
    this.notes.show(h("span", { class: "second", text: all.length || "" }), all.map((one) => this.#review(one)));
  }

  #review(one) {
    const [mark, said] = REVIEWS[one.state] ?? ["note", one.state];
    const head = [one.state === "note" ? null : said, one.by, words.when(one.created), one.frame].filter((part) => part !== null && part !== undefined && part !== "").join(", ");
    return h(
      "article",
      { class: "review", data: { review: one.id } },
      h("button", { class: "review-head", type: "button", disabled: one.frame === null, on: { click: () => this.look(one) } }, icon(mark, 12), h("span", { class: "cut", text: head }), one.drawings?.length ? icon("pen", 12) : null),
      one.note ? h("p", { class: "review-note", text: one.note }) : null,
      one.counts === false && one.why ? h("p", { class: "quiet", text: one.why }) : null,
    );
  }
}

/** A part with a title that can be closed; `open`: it stays open where there is little room. */
function section(title, open = false) {
  const mark = h("span", { class: "section-mark" });
  const body = h("div", { class: "section-body" });
  const element = h("details", { class: "section" }, h("summary", {}, h("h2", { class: "strong", text: title }), h("span", { class: "grow" }), mark), body);
  element.open = open || innerWidth >= 1366;
  return {
    element,
    body,
    show(said, content) {
      fill(mark, said);
      fill(body, content);
    },
  };
}

function rows(all) {
  return h("dl", { class: "rows" }, all.flatMap(([label, text]) => [h("dt", { text: label }), h("dd", { text })]));
}
