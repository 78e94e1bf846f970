/** The sheet of a wedge: every variation with its values, one picked, and what promoting it would do. */

import { get, query, url } from "./api.js";
import { bar } from "./bar.js";
import * as decide from "./decide.js";
import { menu } from "./dialog.js";
import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import * as keys from "./keys.js";
import { go, on, route } from "./state.js";
import * as words from "./words.js";

const TYPED = 900; // ms within which a second digit belongs to the first: w011
const WIDTH = 480; // px of a thumbnail

export function mount(element, ctx) {
  const sheet = new Sheet(element, ctx);
  return { unmount: () => sheet.end() };
}

class Sheet {
  constructor(element, ctx) {
    this.root = element;
    this.ctx = ctx;
    this.id = route().id;
    this.stop = new AbortController();
    this.digits = { text: "", at: 0 };
    this.cells = new Map();
    this.offs = [on((now) => now.view === "take" && now.id === this.id && now.params.mode === "sheet" && this.draw()), ctx.onEvents((event) => this.event(event)), keys.scope("sheet", this.handlers())];
    this.load();
  }

  end() {
    this.stop.abort();
    for (const off of this.offs) off();
  }

  event(event) {
    if (event.kind === "back" || event.ids?.includes(this.id)) this.load();
  }

  async load() {
    try {
      const { signal } = this.stop;
      const [take, verdict] = await Promise.all([get(`/takes/${this.id}`, { signal }), get(`/takes/${this.id}/qc`, { signal }).catch(() => null)]);
      Object.assign(this, { take, verdict });
      this.draw(true);
    } catch (error) {
      if (error.name !== "AbortError") this.faulty(error);
    }
  }

  faulty(error) {
    if (this.take) return this.ctx.fault(error);
    fill(this.root, h("div", { class: "plain" }, h("p", { class: "strong", text: error.problem ?? "The sheet cannot be shown." }), h("p", { class: "second", text: error.remedy ?? "" }), h("button", { class: "button", type: "button", text: "Back to the wall", on: { click: () => this.ctx.wall() } })));
  }

  get choices() {
    return this.take.choices ?? [];
  }

  get picked() {
    const label = route().params.variation;
    return this.choices.find((one) => one.label === label) ?? this.choices[0] ?? null;
  }

  // Which axis goes across and which down; with more of them, each row is one set of the others' values.

  axes() {
    const names = Object.keys(this.take.wedge?.axes ?? {});
    const across = names.includes(route().params.columns) ? route().params.columns : names[0];
    const down = names.includes(route().params.rows) && route().params.rows !== across ? route().params.rows : names.find((name) => name !== across);
    return { names, across, down };
  }

  frame() {
    const { frames } = this.take;
    const asked = Number(route().params.frame);
    return frames.includes(asked) ? asked : (frames[Math.floor((frames.length - 1) / 2)] ?? null);
  }

  draw(anew = false) {
    if (!this.take) return;
    const key = JSON.stringify([this.axes(), this.frame()]);
    if (anew || key !== this.key) this.build();
    this.key = key;
    this.mark();
  }

  build() {
    const focused = this.grid?.contains(document.activeElement);
    this.grid = this.table();
    this.side = h("aside", { class: "sheet-side", aria: { label: "The picked variation" }, data: { region: "variation" } });
    this.sided = null; // there is nothing in it yet
    fill(this.root, bar(this.take, this.ctx), h("div", { class: "sheet-main dark" }, h("div", { class: "sheet-left" }, this.tools(), h("main", { class: "sheet-scroll", data: { region: "variations" } }, this.grid), this.foot()), this.side));
    this.root.firstElementChild.classList.add("dark");
    if (focused) this.grid.focus({ preventScroll: true });
  }

  tools() {
    const { names, across, down } = this.axes();
    const columns = choice("Columns", across, () => names.map((name) => ({ words: name, checked: name === across, run: () => go({ columns: name, rows: name === down ? across : down }) })));
    const rows = choice("Rows", down, () => names.filter((name) => name !== across).map((name) => ({ words: name, checked: name === down, run: () => go({ rows: name }) })));
    const frame = choice("Frame", this.frame(), () => this.take.frames.map((number) => ({ words: String(number), checked: number === this.frame(), run: () => go({ frame: number }, { replace: true }) })));
    const player = (mode, mark, word) => h("button", { class: "button", type: "button", on: { click: () => this.play(mode) } }, icon(mark, 14), h("span", { class: "not-narrow", text: word }), h("span", { class: "unseen only-narrow", text: word }));
    return h("div", { class: "sheet-tools", data: { region: "sheet" } }, h("div", { class: "choices", role: "group", aria: { label: "Show as" } }, h("button", { class: "button", type: "button", aria: { pressed: "true" } }, icon("sheet", 14), "Sheet"), player("flip", "flip", "Flip"), player("wipe", "wipe", "Wipe"), player("side", "side", "Side by side")), names.length ? columns : null, names.length > 1 ? rows : null, this.take.frames.length > 1 ? frame : null);
  }

  table() {
    const { names, across, down } = this.axes();
    const columns = this.take.wedge?.axes[across] ?? [];
    const grid = h("div", { class: "sheet-grid", role: "listbox", tabindex: "0", aria: { label: "Variations", multiselectable: "true" }, style: { "--columns": String(Math.max(1, columns.length || 6)), "--head": down ? "5.2rem" : "0rem" }, on: { click: (event) => this.clicked(event) } });
    this.cells.clear();
    grid.append(h("span", { class: "sheet-corner", aria: { hidden: "true" } }), ...columns.map((value) => h("span", { class: "sheet-column second", aria: { hidden: "true" }, text: valued(value) })));
    this.rows = rowsOf(this.choices, across, columns);
    for (const row of this.rows) {
      const head = down ? valued(row.find(Boolean).values[down]) : "";
      grid.append(h("span", { class: "sheet-row second", aria: { hidden: "true" }, text: head }));
      for (const one of row) grid.append(one ? this.cell(one, names) : h("span", { role: "presentation" }));
    }
    if (!this.choices.length) grid.append(h("p", { class: "plain second", text: "This take has no variations." }));
    return grid;
  }

  cell(one, names) {
    const [mark, word] = words.CHECKS[one.qc] ?? words.CHECKS.unknown;
    const told = names.map((name) => `${name} ${valued(one.values[name])}`).join(", ");
    const qc = h("span", { class: `row ${["warn", "fail"].includes(one.qc) ? one.qc : "second"}`, title: word }, icon(mark, 12), one.qc === "pass" || one.qc === "not judged" ? null : h("span", { text: word }));
    const element = h("div", { class: "cell", role: "option", id: `cell-${one.label}`, data: { label: one.label }, aria: { label: `${one.label}: ${told}. ${word}`, selected: "false" } }, this.picture(one), h("div", { class: "cell-title" }, h("span", { class: "strong", text: one.label }), h("span", { class: "cell-picked", text: "picked" }), h("span", { class: "grow" }), qc), h("dl", { class: "cell-values" }, names.map((name) => [h("dt", { class: "second cut", text: name }), h("dd", { class: "cut", text: valued(one.values[name]) })])));
    this.cells.set(one.label, element);
    return element;
  }

  picture(one, width = WIDTH) {
    const box = h("div", { class: "cell-picture" });
    if (one.first === null) return fill(box, h("span", { class: "quiet", text: "Not made yet" }));
    const image = h("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false", src: url(`/takes/${this.id}/thumbnail?${query({ frame: this.frame(), variation: one.label, width, v: this.take.count })}`) });
    image.addEventListener("error", () => image.replaceWith(h("span", { class: "quiet", text: "No picture of this frame" })));
    return fill(box, image);
  }

  foot() {
    const of = (name) => this.choices.filter((one) => one.qc === name).length;
    const told = Object.entries(words.CHECKS).map(([name, [, word]]) => (of(name) ? `${of(name)} ${word.toLowerCase()}` : "")).filter(Boolean);
    const key = (text) => h("kbd", { class: "key", text });
    return h("footer", { class: "wall-foot" }, h("span", { class: "strong cut", text: [words.many(this.choices.length, "variation"), ...told].join(", ") }), h("span", { class: "row" }, key("1"), h("span", { class: "second", text: "to" }), key(String(this.choices.length)), h("span", { class: "second", text: "pick by number" })), h("span", { class: "row" }, key("Enter"), h("span", { class: "second", text: "full frame" })), h("span", { class: "row" }, key("C"), h("span", { class: "second", text: "compare" })), h("span", { class: "grow" }), h("span", { class: "second", text: words.cost(this.take) && `wedge ${words.cost(this.take)}` }), h("button", { class: "button plain-button", type: "button", on: { click: () => this.ctx.openKeys() } }, key("?"), h("span", { class: "second", text: "keys" })));
  }

  mark() {
    const now = this.picked?.label;
    for (const [label, element] of this.cells) {
      element.classList.toggle("current", label === now);
      element.setAttribute("aria-selected", String(label === now || label === route().params.with));
    }
    if (now) this.grid.setAttribute("aria-activedescendant", `cell-${now}`);
    this.cells.get(now)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (this.sided !== `${now} ${this.key}`) this.about();
    this.sided = `${now} ${this.key}`;
  }

  /** The side: the picked one larger, its values, its checks, what promoting does. */
  about() {
    const one = this.picked;
    if (!one) return fill(this.side);
    const { names } = this.axes();
    const all = { ...this.take.parameters, ...one.values };
    const order = [...names, ...Object.keys(all).filter((name) => !names.includes(name))];
    const [mark, word] = words.CHECKS[one.qc] ?? words.CHECKS.unknown;
    this.outlook = h("p", { class: "second", text: "…" });
    fill(
      this.side,
      h("div", { class: "sheet-about" }, h("div", { class: "side-title" }, h("h2", { text: one.label }), h("span", { class: "row" }, icon("pin", 14), "Picked")), this.picture(one, 960), section("Values", null, h("dl", { class: "side-values" }, order.map((name) => [h("dt", { class: "second cut", title: name, text: name }), h("dd", { class: names.includes(name) ? "strong" : "", text: valued(all[name]) })]))), section("Checks", h("span", { class: `row ${["pass", "warn", "fail"].includes(one.qc) ? one.qc : "second"}` }, icon(mark, 14), word), one.qc === "pass" || one.qc === "not judged" ? null : h("p", { class: "second", text: this.reason(one) })), section("Take", null, h("p", { class: "second", text: `${this.take.model} ${this.take.model_version}, ${this.take.artist}, ${words.when(this.take.created)}` }))),
      h("div", { class: "sheet-decide" }, h("h3", { class: "strong", text: `Promote ${one.label}` }), this.outlook, h("div", { class: "sheet-buttons" }, h("button", { class: "button decision", type: "button", on: { click: () => this.retake() } }, icon("retake", 16), "Retake", h("kbd", { class: "key", text: keys.hint("retake") })), h("button", { class: "button decision primary", type: "button", on: { click: () => this.promote() } }, icon("promote", 16), "Promote", h("kbd", { class: "key", text: keys.hint("promote") })))),
    );
    this.foresee(one.label, this.outlook);
  }

  /** What the gates found worst in this variation, in words. */
  reason({ label, qc }) {
    const found = (this.verdict?.findings ?? []).filter((finding) => finding.variation === label);
    return (found.find((finding) => finding.verdict === qc) ?? found[0])?.words ?? "";
  }

  /** What promoting would do, before the button. */
  async foresee(label, line) {
    try {
      const plan = await get(`/takes/${this.id}/promote?${query({ variation: label })}`, { signal: this.stop.signal });
      fill(line, [plan.words, plan.cost?.amount >= 0.005 ? `About ${words.money(plan.cost.amount, plan.cost.currency)}.` : ""].filter(Boolean).join(" "));
    } catch (error) {
      if (error.name !== "AbortError") fill(line, [error.problem, error.remedy].filter(Boolean).join(" "));
    }
  }

  clicked(event) {
    const label = event.target.closest("[data-label]")?.dataset.label;
    if (!label) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) go({ with: label === this.picked?.label ? null : label }, { replace: true });
    else if (label === this.picked?.label && event.detail > 1) this.play("one");
    else this.pick(label);
  }

  pick(label) {
    go({ variation: label, with: null }, { replace: true });
  }

  digit(event) {
    const text = event.timeStamp - this.digits.at < TYPED ? this.digits.text + event.key : event.key;
    const found = this.choices[Number(text) - 1] ? text : event.key;
    this.digits = { text: found, at: event.timeStamp };
    const one = this.choices[Number(found) - 1];
    if (one) this.pick(one.label);
  }

  step(across, along) {
    const row = this.rows.findIndex((one) => one.includes(this.picked));
    if (row < 0) return;
    const column = this.rows[row].indexOf(this.picked);
    const next = across ? this.choices[this.choices.indexOf(this.picked) + across] : this.rows[row + along]?.[column];
    if (next) this.pick(next.label);
  }

  handlers() {
    return {
      left: () => this.step(-1, 0),
      right: () => this.step(1, 0),
      up: () => this.step(0, -1),
      down: () => this.step(0, 1),
      pick: (event) => this.digit(event),
      zero: (event) => this.digit(event),
      open: () => this.play("one"),
      compare: () => this.play("wipe"),
      promote: () => this.promote(),
      approve: () => this.done(decide.approve(this.take, this.ctx)),
      retake: () => this.retake(),
      next: () => this.ctx.next(1),
      previous: () => this.ctx.next(-1),
    };
  }

  /** The picked one in the player: against the second one that is selected, else against the plate. */
  play(mode) {
    const { with: second } = route().params;
    go({ mode, variation: this.picked?.label, with: null, columns: null, rows: null, frame: this.frame(), b: second ? `${this.id}:${second}` : "plate" });
  }

  retake() {
    return this.done(decide.retake(this.take, this.ctx, { frame: this.frame(), variation: this.picked?.label ?? "" }));
  }

  promote() {
    if (this.picked) this.done(decide.promote(this.take, this.ctx, { variation: this.picked.label }));
  }

  async done(decision) {
    try {
      if (await decision) await this.load();
    } catch (error) {
      this.ctx.fault(error);
    }
  }
}

function choice(word, value, items) {
  const button = h("button", { class: "button", type: "button" }, h("span", { class: "said", text: word }), h("span", { text: value ?? "" }), icon("down", 12));
  menu(button, items);
  return button;
}

function section(title, right, ...children) {
  return h("section", { class: "side-section" }, h("div", { class: "side-head" }, h("h3", { class: "strong", text: title }), right), children);
}

/** A value as a person writes it: −75, 0.4. */
export function valued(value) {
  if (typeof value === "number") return (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))).replace("-", "−");
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value ?? "");
}

/** The variations in rows below their columns' values, those of one row alike in all other values. */
export function rowsOf(choices, across, columns) {
  if (!columns.length) return choices.map((one) => [one]);
  const found = new Map();
  for (const one of choices) {
    const rest = JSON.stringify(Object.entries(one.values).filter(([name]) => name !== across));
    if (!found.has(rest)) found.set(rest, columns.map(() => null));
    const at = columns.indexOf(one.values[across]);
    if (at >= 0) found.get(rest)[at] = one;
  }
  return [...found.values()].filter((row) => row.some(Boolean));
}
