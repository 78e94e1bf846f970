/** The timeline: frames, where one is, and below them each gate's number, its limit and where it is over. */

import { fill, h, rem } from "./dom.js";
import { icon } from "./icons.js";
import { hint } from "./keys.js";
import { svg } from "./strokes.js";

const LANE = 6.6; // rem of the gate that is open; the others are closed
const CLOSED = 1.4;
const FLOOR = 0.4; // rem below nought in a lane that is open
const HEAD = 2.4; // rem of it without a curve: the floor, and room for words above the highest number
const STEPS = Object.freeze([1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000]);
const APART = 7; // rem between numbers of the ruler, at least

/** A number as a plot says it: three digits that count. */
export function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

/**
 * Lanes of a verdict for one variation: [{name, title, unit, limit, values: Map, over: [finding]}], worst first;
 * then those that measure something, before those that only ever say yes or no.
 */
export function lanes(verdict, variation) {
  const findings = (verdict?.findings ?? []).filter((one) => one.frame !== null && (one.variation ?? "") === variation);
  const prefix = variation ? `${variation}/` : "";
  const order = { fail: 0, unknown: 1, warn: 2, pass: 3 };
  return Object.entries(verdict?.gates ?? {})
    .map(([name, gate]) => {
      const values = new Map();
      for (const [key, frame] of Object.entries(verdict.frames ?? {})) {
        if (key.startsWith(prefix) && !key.slice(prefix.length).includes("/") && Number.isFinite(frame.measures?.[name])) values.set(Number(key.slice(prefix.length)), frame.measures[name]);
      }
      return { name, ...gate, values, over: findings.filter((one) => one.gate === name) };
    })
    .filter((lane) => lane.values.size || lane.over.length)
    .sort((a, b) => b.over.length - a.over.length || (order[a.verdict] ?? 4) - (order[b.verdict] ?? 4) || (a.level === "block") - (b.level === "block"));
}

/**
 * The strip below the picture. `seek(frame)`, `act(name)`: play, loop, first, last, frame_back, frame_on,
 * mark_back, mark_on.
 */
export class Timeline {
  constructor({ seek, act }) {
    Object.assign(this, { seek, act, frames: [], lanes: [], open: "", frame: 0, first: 1, last: 1, drag: false });
    this.play = button("play", "play", "Play", () => act("play"));
    this.loop = button("loop", "loop", "Loop", () => act("loop"));
    this.number = h("span", { class: "frame-number" });
    this.range = h("span", { class: "second" });
    this.speed = h("button", { class: "button plain-button speed", type: "button", title: "Frames a second", on: { click: () => act("speed") } });
    this.marks = h("span", { class: "row" });
    this.head = h("div", { class: "cursor" });
    this.track = h("div", { class: "track", role: "slider", tabindex: "0", aria: { label: "Frame" } });
    this.names = h("div", { class: "lane-names" });
    this.element = h(
      "section",
      { class: "timeline", data: { region: "timeline" }, aria: { label: "Timeline" } },
      h(
        "div",
        { class: "transport row" },
        button("first", "first", "First frame", () => act("first")),
        button("left", "frame_back", "One frame back", () => act("frame_back")),
        this.play,
        button("right", "frame_on", "One frame on", () => act("frame_on")),
        button("last", "last", "Last frame", () => act("last")),
        this.loop,
        this.number,
        this.range,
        this.speed,
        h("span", { class: "grow" }),
        this.marks,
      ),
      h("div", { class: "plots" }, this.names, this.track),
    );
    this.sizes = new ResizeObserver(() => this.#draw());
    this.sizes.observe(this.track);
    this.#hands();
  }

  end() {
    this.sizes.disconnect();
  }

  /** The take's frames, those wanted (`first` to `last`), and what was measured on them. */
  hold({ frames, first, last, lanes: all }) {
    Object.assign(this, { frames, first, last, lanes: all });
    if (!all.some((lane) => lane.name === this.open)) this.open = all[0]?.name ?? "";
    this.marked = [...new Set(all.flatMap((lane) => lane.over.map((one) => one.frame)))].sort((a, b) => a - b);
    this.#draw();
  }

  /** Where one is. `playing`, `loops`; `speed`: words for it. */
  at(frame, { playing, loops, speed }) {
    this.frame = frame;
    this.number.textContent = String(frame);
    this.range.textContent = `of ${this.first}–${this.last}`;
    this.speed.textContent = speed;
    this.play.replaceChildren(icon(playing ? "pause" : "play", 14));
    this.play.setAttribute("aria-label", playing ? "Stop" : "Play");
    this.play.setAttribute("aria-pressed", String(playing));
    this.loop.setAttribute("aria-pressed", String(loops));
    this.head.style.setProperty("left", `${this.#x(frame)}px`);
    this.head.dataset.frame = String(frame);
    for (const [name, value] of [["valuemin", this.first], ["valuemax", this.last], ["valuenow", frame], ["valuetext", this.#said(frame)]]) this.track.setAttribute(`aria-${name}`, String(value));
  }

  #said(frame) {
    const over = this.lanes.flatMap((lane) => lane.over.filter((one) => one.frame === frame));
    return over.length ? `${frame}, ${over.map((one) => one.words).join("; ")}` : String(frame);
  }

  #x(frame) {
    const { clientWidth } = this.track;
    return this.last > this.first ? ((frame - this.first + 0.5) / (this.last - this.first + 1)) * clientWidth : clientWidth / 2;
  }

  #frameAt(event) {
    const box = this.track.getBoundingClientRect();
    const share = (event.clientX - box.left) / Math.max(box.width, 1);
    const at = Math.floor(this.first + share * (this.last - this.first + 1));
    return Math.min(this.last, Math.max(this.first, at));
  }

  #hands() {
    const seek = (event) => this.seek(this.#frameAt(event));
    this.track.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.drag = true;
      this.track.setPointerCapture(event.pointerId);
      const finding = event.target.closest?.("[data-mark]");
      if (finding) this.seek(Number(finding.dataset.mark));
      else seek(event);
    });
    this.track.addEventListener("pointermove", (event) => this.drag && seek(event));
    for (const end of ["pointerup", "pointercancel"]) this.track.addEventListener(end, () => (this.drag = false));
    this.track.addEventListener("keydown", (event) => {
      const act = { ArrowLeft: event.shiftKey ? "ten_back" : "frame_back", ArrowRight: event.shiftKey ? "ten_on" : "frame_on", Home: "first", End: "last" }[event.key];
      if (!act) return;
      event.preventDefault();
      this.act(act);
    });
  }

  #draw() {
    const wide = this.track.clientWidth;
    if (!wide) return;
    const unit = rem();
    const high = 2.2 + this.lanes.reduce((sum, lane) => sum + (lane.name === this.open ? LANE : CLOSED), 0);
    const board = svg("svg", { class: "board", width: wide, height: high * unit, "aria-hidden": "true" });
    board.append(this.#ruler(wide, unit));
    const names = [h("div", { class: "ruler-name" })];
    let top = 2.2 * unit;
    for (const lane of this.lanes) {
      const isOpen = lane.name === this.open;
      const tall = (isOpen ? LANE : CLOSED) * unit;
      board.append(this.#lane(lane, top, tall, isOpen));
      names.push(this.#name(lane, isOpen));
      top += tall;
    }
    this.track.style.setProperty("height", `${high}rem`);
    fill(this.track, board, this.head);
    fill(this.names, names);
    this.#marks();
    this.head.style.setProperty("left", `${this.#x(this.frame)}px`);
  }

  #marks() {
    const count = this.marked?.length ?? 0;
    fill(
      this.marks,
      count ? h("span", { class: "row fail" }, icon("mark", 10)) : null,
      h("span", { class: "second", text: count ? `${count} ${count === 1 ? "mark" : "marks"}` : "No marks" }),
      count ? button("left", "mark_back", "Previous mark", () => this.act("mark_back")) : null,
      count ? button("right", "mark_on", "Next mark", () => this.act("mark_on")) : null,
    );
  }

  #name(lane, isOpen) {
    const open = () => {
      this.open = lane.name;
      this.#draw();
    };
    const said = isOpen ? [h("span", { class: "strong cut", text: lane.title }), h("span", { class: "second", text: lane.unit })] : [h("span", { class: "cut", text: lane.title })];
    if (isOpen && lane.limit !== null && lane.limit !== undefined) said.push(h("span", { class: "limit-name fail", style: { bottom: `${FLOOR + (lane.limit / most(lane)) * (LANE - HEAD) - 0.7}rem` }, text: `limit ${figure(lane.limit)}` }));
    return h("button", { class: `lane-name ${isOpen ? "is-open" : ""}`, type: "button", aria: { expanded: String(isOpen) }, data: { lane: lane.name }, on: { click: open } }, said);
  }

  #ruler(wide, unit) {
    const group = svg("g", { class: "ruler" });
    const count = this.last - this.first + 1;
    const step = STEPS.find((one) => (one / count) * wide >= APART * unit) ?? STEPS.at(-1);
    const small = STEPS.findLast((one) => one < step && step % one === 0 && (one / count) * wide >= 0.5 * unit) ?? step;
    for (let frame = Math.ceil(this.first / small) * small; frame <= this.last; frame += small) {
      const x = this.#x(frame);
      group.append(svg("line", { x1: x, x2: x, y1: (frame % step ? 1.8 : 1.5) * unit, y2: 2.1 * unit }));
      if (frame % step === 0) group.append(words(x, 1.1 * unit, frame, "middle"));
    }
    if (this.first % step) group.append(words(this.#x(this.first), 1.1 * unit, this.first, "middle"));
    // frames that are not there yet, or no more
    const there = new Set(this.frames);
    for (let frame = this.first, from = null; frame <= this.last + 1; frame += 1) {
      const missing = frame <= this.last && !there.has(frame);
      if (missing && from === null) from = frame;
      if (!missing && from !== null) {
        const half = wide / count / 2;
        group.append(svg("rect", { class: "missing", x: this.#x(from) - half, y: 2.05 * unit, width: this.#x(frame - 1) - this.#x(from) + 2 * half, height: 0.2 * unit }));
        from = null;
      }
    }
    return group;
  }

  #lane(lane, top, tall, isOpen) {
    const unit = rem();
    const group = svg("g", { class: `lane ${isOpen ? "is-open" : ""}`, "data-gate": lane.name });
    const floor = top + tall - FLOOR * unit;
    const height = tall - HEAD * unit;
    const highest = most(lane);
    const y = (value) => floor - (Math.max(0, value) / highest) * height;
    if (isOpen) {
      if (lane.limit !== null && lane.limit !== undefined) group.append(svg("line", { class: "limit", x1: 0, x2: this.track.clientWidth, y1: y(lane.limit), y2: y(lane.limit) }));
      for (const run of runs(lane.values)) group.append(svg("polyline", { class: "curve", points: (run.length > 1 ? run : [run[0], run[0]]).map(([frame, value]) => `${this.#x(frame).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
    } else {
      group.append(svg("line", { class: "flat", x1: 0, x2: this.track.clientWidth, y1: floor - 0.3 * unit, y2: floor - 0.3 * unit }));
    }
    let clear = -Infinity; // where the next words may begin
    for (const one of lane.over) {
      const x = this.#x(one.frame);
      const at = isOpen && Number.isFinite(one.number) ? y(one.number) - 0.9 * unit : floor - 0.7 * unit;
      const mark = svg("path", { class: "mark", d: `M${x - 4.5} ${at}h9l-4.5 7z`, "data-mark": one.frame });
      const title = svg("title");
      title.textContent = one.words;
      mark.append(title);
      group.append(mark);
      if (x + 8 < clear) continue;
      const text = `${clear === -Infinity || !isOpen ? `${lane.title} ` : ""}${figure(one.number)}`;
      group.append(words(x + 9, at + 0.7 * unit, text, "start"));
      clear = x + 12 + text.length * 0.65 * unit;
    }
    return group;
  }
}

/** The number at the top of a lane's plot: the limit and all that was measured are below it. */
function most(lane) {
  return Math.max(lane.limit ?? 0, ...lane.values.values(), ...lane.over.map((one) => one.number ?? 0)) * 1.1 || 1;
}

function words(x, y, text, anchor) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = String(text);
  return element;
}

/** Measures as lines without a gap: frames that were not judged part them. */
function runs(values) {
  const found = [];
  let before = null;
  for (const [frame, value] of [...values].sort(([a], [b]) => a - b)) {
    if (before === null || frame !== before + 1) found.push([]);
    found.at(-1).push([frame, value]);
    before = frame;
  }
  return found;
}

function button(name, action, label, run) {
  return h("button", { class: "button plain-button lone", type: "button", title: `${label} (${hint(action)})`, aria: { label }, on: { click: run } }, icon(name, 14));
}
