/** The player: a take against its plate, or against another take, frame by frame. All of it is in the address. */

import * as api from "./api.js";
import { bar } from "./bar.js";
import * as decide from "./decide.js";
import * as draw from "./draw.js";
import { fill, h } from "./dom.js";
import { Frames } from "./frames.js";
import { Screen } from "./gl.js";
import * as keys from "./keys.js";
import { Looks } from "./looks.js";
import { Playback } from "./playback.js";
import { Now } from "./now.js";
import { Side } from "./side.js";
import { Stage, round } from "./stage.js";
import * as state from "./state.js";
import { lanes, Timeline } from "./timeline.js";
import { tools } from "./tools.js";
import { Values } from "./values.js";

const AHEAD = 16; // frames that are fetched before they are asked for, and of those behind a quarter
const SPEEDS = Object.freeze([24, 25, 30, 48, 60, 12]);
const CALM = 300; // ms: what changes together is read together
const SNAPSHOT = 1600;

export function mount(element, ctx) {
  const player = new Player(element, ctx);
  player.open();
  return { unmount: () => player.close() };
}

class Player {
  constructor(element, ctx) {
    Object.assign(this, { element, ctx, id: state.route().id, take: null, verdict: null, loops: false, last: null, chosen: null, offs: [] });
    this.now = new Now(() => this.render());
    this.frames = new Frames(() => this.render());
    this.looks = new Looks(this.id, () => this.render());
    this.playback = new Playback({
      next: (frame) => this.after(frame),
      has: (frame) => this.sides().every((side) => this.frames.peek(side, frame)),
      show: (frame) => this.now.change({ frame }),
      ended: () => this.render(),
    });
    const seek = (frame, variation) => this.seek(frame, variation);
    const act = (name, event) => this.actions[name]?.(event);
    this.stage = new Stage({ moved: (patch) => this.now.change(patch), pointed: (place) => this.values.at(place), again: () => this.render() });
    this.values = new Values((side) => this.specs()[side], () => this.now.frame(this.take));
    this.timeline = new Timeline({ seek, act });
    this.side = new Side({ seek, act, note: (text) => this.note(text), look: (review) => this.look(review) });
    this.strip = h("div", { class: "strip row dark", role: "toolbar", aria: { label: "Compare and look" }, data: { region: "tools" } });
    this.labels = h("div", { class: "labels" });
    this.top = h("div", { class: "dark" });
    this.actions = this.handlers();
  }

  async open() {
    document.documentElement.dataset.ready = "0";
    fill(this.element, h("p", { class: "plain second", text: "Opening the take …" }));
    try {
      await this.load();
    } catch (error) {
      this.refused(error);
      return;
    }
    if (this.closed) return;
    const picture = h("div", { class: "player-main" }, this.strip, this.labels, this.stage.element, this.values.element, this.timeline.element);
    fill(this.element, this.top, h("div", { class: "player dark" }, picture, this.side.element));
    this.offs = [state.on((route) => route.id === this.id && this.render()), keys.scope("player", this.actions), this.ctx.onEvents((event) => this.heard(event))];
    this.reload();
    this.stage.element.focus({ preventScroll: true });
  }

  close() {
    this.closed = true;
    delete document.documentElement.dataset.ready;
    clearTimeout(this.timer);
    this.playback.stop();
    for (const off of this.offs) off();
    for (const one of [this.now, this.frames, this.looks, this.stage, this.timeline, this.values]) one.end();
    this.shots?.end();
  }

  async load() {
    const [take, verdict] = await Promise.all([api.get(`/takes/${this.id}`), api.get(`/takes/${this.id}/qc`).catch(() => null), this.looks.open()]);
    Object.assign(this, { take, verdict });
  }

  refused(error) {
    if (this.closed) return;
    const back = h("button", { class: "button", type: "button", text: "Back to the wall", on: { click: () => this.ctx.wall() } });
    fill(this.element, h("div", { class: "plain refused" }, h("p", { class: "strong", text: error.problem ?? "The take cannot be shown." }), h("p", { class: "second", text: error.remedy ?? "" }), back));
    document.documentElement.dataset.ready = "1";
  }

  heard(event) {
    if (event.kind === "takes" && !event.ids.includes(this.id)) return;
    if (event.kind === "gone") return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), CALM);
  }

  async refresh() {
    try {
      await this.load();
    } catch (error) {
      if (error.status === 404) this.refused(error);
      return; // otherwise the banner says that the service is away
    }
    if (this.closed) return;
    this.frames.again();
    this.reload();
  }

  /** All that depends on the take and not on where one is. */
  reload() {
    const { take, verdict } = this;
    fill(this.top, bar(take, this.ctx));
    this.variation = this.now.variation(take);
    const [first, last] = this.now.range(take);
    this.timeline.hold({ frames: take.frames, first, last, lanes: lanes(verdict, this.variation) });
    this.side.show(take, verdict, this.ctx.me, this.variation);
    this.render();
  }

  specs() {
    return this.now.specs(this.take, this.width());
  }

  /** The sides whose frames are fetched: both, so that a flip has them. */
  sides() {
    const { a, b } = this.specs();
    return a.key === b.key ? [a] : [a, b];
  }

  /** How wide proxies have to be for what is seen: whole steps, so that they stay the same while it hardly changes. */
  width() {
    const { width, height } = this.take;
    if (!(width && height)) return 960;
    const { zoom, mode } = this.now.read(this.take);
    const scale = zoom === "fit" ? this.stage.fitting([0, 0, width - 1, height - 1], mode) : zoom;
    const step = Math.max(1, Math.floor(1 / scale + 1e-6), this.playback.playing ? Math.floor(width / 960) : 1);
    return Math.max(1, Math.floor(width / step));
  }

  render() {
    if (!this.take || this.closed || !this.element.contains(this.stage.element)) return;
    const now = this.now.read(this.take);
    if (now.variation !== this.variation) return void this.reload();
    const specs = this.specs();
    const shots = { a: this.frames.peek(specs.a, now.frame), b: this.frames.peek(specs.b, now.frame) };
    this.frames.want(this.wanted(now.frame));
    const [needsA, needsB] = [now.mode !== "b", now.mode !== "a"];
    const look = this.looks.get(now.display, now.view);
    const missing = (needsA && !shots.a) || (needsB && !shots.b) || !look;
    this.timeline.at(now.frame, { playing: this.playback.playing, loops: this.loops, speed: this.playback.words });
    this.side.at(now.frame);
    document.documentElement.dataset.ready = missing || !this.stage.ready ? "0" : "1";
    if (missing) {
      this.#labels(now, specs, `loading ${now.frame}`);
      if (this.last) this.#draw(this.last.now, this.last.shots); // what was seen last stays
      this.#tools(now, specs, shots);
      return;
    }
    if (this.lookShown !== look) this.stage.screen.view(look);
    this.lookShown = look;
    this.last = { now, shots };
    this.#draw(now, shots);
    this.stage.screen.hold(shots.a, shots.b);
    this.#tools(now, specs, shots);
    this.#labels(now, specs, "");
    window.answerprint = { shown: { frame: now.frame, mode: now.mode, a: specs.a.key, b: specs.b.key } };
  }

  #draw(now, shots) {
    const whole = { a: shots.a?.texels ? shots.a : null, b: shots.b?.texels ? shots.b : null };
    const display = (whole.a ?? whole.b)?.display ?? [0, 0, (this.take.width || 16) - 1, (this.take.height || 9) - 1];
    // where the one is missing the other is still seen in its place
    this.stage.show({ ...now, ...whole, display, exposure: now.ev });
    const words = (shot) => (shot?.problem ? [shot.problem, shot.remedy] : null);
    this.stage.say(now.mode === "b" ? null : words(shots.a), now.mode === "a" ? null : words(shots.b));
    this.values.shots = whole;
    this.stage.overlay(now.marks ? this.#marks(now, whole) : [], now.marks ? this.#drawn(now) : []);
  }

  #marks(now, { a }) {
    const there = (one) => one.frame === now.frame && one.box && (one.variation ?? "") === now.variation && (!one.view || !now.stereo || one.view === now.stereo);
    const display = a?.display;
    const made = this.take.width && display ? (display[2] + 1 - display[0]) / this.take.width : 1;
    return (this.verdict?.findings ?? []).filter(there).map((one) => ({ box: [one.box[0] * made, one.box[1] * made, (one.box[2] + 1) * made - 1, (one.box[3] + 1) * made - 1], words: `${this.verdict.gates[one.gate]?.title ?? one.gate} ${one.number === null ? "" : Number(one.number.toPrecision(2))}` }));
  }

  #drawn(now) {
    const here = (review) => review.drawings?.find((one) => one.frame === now.frame)?.strokes;
    const all = (this.take.reviews ?? []).filter(here);
    const review = all.find((one) => one.id === this.chosen) ?? all.at(-1);
    return review ? here(review) : [];
  }

  #labels(now, { a, b }, loading) {
    const name = (letter, side) => h("span", { class: "label", data: { label: letter } }, h("span", { class: "strong", text: letter.toUpperCase() }), ` ${side.words}`);
    const said = { a: [name("a", a)], b: [name("b", b)], wipe: [name("a", a), name("b", b)], side: [name("a", a), name("b", b)], difference: [h("span", { class: "label", text: `A ${a.words} and B ${b.words} apart, ×${now.gain}; white is ${round(1 / now.gain, 4)}` })] }[now.mode];
    this.labels.dataset.mode = now.mode;
    const line = this.stage.lineAt ?? 0;
    this.labels.style.setProperty("--line", `${line}px`);
    fill(this.labels, said, loading ? h("span", { class: "label second loading", text: loading }) : null);
  }

  #tools(now, specs, shots) {
    const shot = now.mode === "b" ? shots.b : shots.a;
    const range = shot?.space === "data" ? `numbers, 0 to ${Number((shot.range[1] || 0).toPrecision(3))}` : "";
    const isData = range || (shot?.space === "picture" ? "drawn geometry" : "");
    const said = { mode: now.mode, gain: now.gain, a: specs.a.words, b: specs.b.words, keyA: specs.a.key, keyB: specs.b.key, ev: now.ev, gamma: now.gamma, ...this.looks.named(now.display, now.view), zoom: now.zoom, percent: Math.round((this.stage.scale ?? 1) * 100), layer: now.layer, stereo: now.stereo || this.take.views?.[0] || "", isData };
    const key = JSON.stringify([said, this.take.layers, this.take.others]);
    if (key === this.toolsShown) return; // a menu that is open stays
    this.toolsShown = key;
    const lists = { sides: this.now.choices(this.take), layers: this.take.layers ?? [], views: this.take.views ?? [], looks: this.looks.all };
    const focused = [...this.strip.querySelectorAll("button")].indexOf(document.activeElement);
    tools(this.strip, said, lists, { go: (patch) => this.now.change(patch), act: (name) => this.actions[name]?.() });
    if (focused >= 0) this.strip.querySelectorAll("button")[focused]?.focus({ preventScroll: true });
  }

  wanted(frame) {
    const sides = this.sides();
    const list = sides.map((side) => [side, frame]);
    const ahead = [];
    for (let n = frame, count = 0; count < AHEAD; count += 1) {
      n = this.after(n);
      if (n === null || n === frame) break;
      ahead.push(n);
    }
    const at = this.take.frames.indexOf(frame);
    const behind = at > 0 ? this.take.frames.slice(Math.max(0, at - AHEAD / 4), at).reverse() : [];
    return [...list, ...[...ahead.slice(0, 2), ...behind, ...ahead.slice(2)].flatMap((n) => sides.map((side) => [side, n]))];
  }

  /** The frame after one: of those that there are; null at the end, unless it loops. */
  after(frame) {
    const { frames } = this.take;
    return frames.find((one) => one > frame) ?? (this.loops ? (frames[0] ?? null) : null);
  }

  seek(frame, variation) {
    this.playback.stop();
    const [first, last] = this.now.range(this.take);
    const at = Math.min(last, Math.max(first, frame));
    this.now.change(variation && variation !== this.variation ? { frame: at, variation } : { frame: at });
  }

  step(by) {
    this.seek(this.now.frame(this.take) + by);
  }

  mark(by) {
    const marks = this.timeline.marked ?? [];
    const frame = this.now.frame(this.take);
    const to = by > 0 ? (marks.find((one) => one > frame) ?? marks[0]) : (marks.findLast((one) => one < frame) ?? marks.at(-1));
    if (to !== undefined) this.seek(to);
  }

  flip() {
    this.now.change({ mode: this.now.read(this.take).mode === "b" ? "a" : "b" });
  }

  play() {
    if (this.playback.playing) this.playback.stop();
    else {
      const { frames } = this.take;
      const frame = this.now.frame(this.take);
      const atEnd = frames.length > 1 && frame >= frames.at(-1);
      if (atEnd) this.now.change({ frame: frames[0] });
      this.playback.start(atEnd ? frames[0] : frame);
    }
    this.render();
  }

  other(by) {
    const all = [...this.take.others].sort((a, b) => Number(a.take.slice(1)) - Number(b.take.slice(1)));
    const to = all[all.findIndex((one) => one.id === this.id) + by];
    if (!to) return void this.ctx.toast(by > 0 ? "This is the newest take." : "This is the oldest take.");
    const { a, b, variation, ...kept } = state.route().params;
    this.ctx.take(to.id, kept);
  }

  look(review) {
    this.chosen = review.id;
    if (review.frame !== null) this.seek(review.frame, review.variation);
    this.render();
  }

  async note(text) {
    const { frame, variation } = this.now.read(this.take);
    try {
      await api.post(`/takes/${this.id}/reviews`, { state: "note", note: text, frame, variation, drawings: [], seen: this.take.seen ?? [] });
    } catch (error) {
      this.ctx.fault(error);
      return false;
    }
    this.ctx.announce("The note is kept.");
    await this.refresh();
    return true;
  }

  /** Asks for a retake, with the frame to draw on beside the note. */
  retake() {
    this.playback.stop();
    const { frame, variation } = this.now.read(this.take);
    if (!this.ctx.me.canDecide) return void decide.retake(this.take, this.ctx);
    const drawings = []; // filled while the dialog is open
    const pad = draw.pad({ frame, frames: this.take.frames, snapshot: (wanted) => this.snapshot(wanted), changed: () => drawings.splice(0, Infinity, ...pad.drawings()) });
    const kept = decide.retake(this.take, this.ctx, { frame, variation, drawings, snapshot: h("div", { class: "pad-place" }, pad.toolbar, pad.element) });
    const off = keys.scope("draw", pad.handlers);
    this.decided(
      kept.finally(() => {
        off();
        pad.unmount();
      }),
    );
  }

  /** Shows what was decided, once it is. */
  async decided(asked) {
    try {
      if (await asked) await this.refresh();
    } catch (error) {
      this.ctx.fault(error);
    }
  }

  /** A frame of the take as it is looked at now, for drawing on. */
  async snapshot(frame) {
    const now = this.now.read(this.take);
    const spec = this.now.specs(this.take, this.width()).own;
    const shot = await this.frames.get(spec, frame);
    const [left, top, right, bottom] = shot.display;
    const wide = Math.min(SNAPSHOT, right + 1 - left);
    const scale = wide / (right + 1 - left);
    this.shots ??= new Screen(h("canvas"));
    if (!this.shots.works) throw new api.Problem("The frame cannot be drawn just now.", "Try once more.");
    Object.assign(this.shots.canvas, { width: wide, height: Math.max(1, Math.round((bottom + 1 - top) * scale)) });
    this.shots.view(this.looks.get(now.display, now.view));
    this.shots.draw({ a: shot, b: null, mode: "a", at: 0, gain: 1, exposure: now.ev, gamma: now.gamma, centre: [(left + right + 1) / 2, (top + bottom + 1) / 2], scale, surround: [0, 0, 0] });
    const canvas = h("canvas", { width: wide, height: this.shots.canvas.height });
    canvas.getContext("2d").drawImage(this.shots.canvas, 0, 0);
    return { canvas, display: shot.display };
  }

  handlers() {
    const change = (patch) => this.now.change(patch);
    const now = () => this.now.read(this.take);
    const frames = () => this.take.frames;
    return {
      approve: () => this.decided(decide.approve(this.take, this.ctx, { variation: now().variation })),
      retake: () => this.retake(),
      promote: () => now().variation && this.decided(decide.promote(this.take, this.ctx, { variation: now().variation })),
      note: () => this.side.input.focus(),
      next: () => this.ctx.next(1),
      previous: () => this.ctx.next(-1),
      play: () => this.play(),
      loop: () => {
        this.loops = !this.loops;
        this.render();
      },
      speed: () => {
        this.playback.speed = SPEEDS[(SPEEDS.indexOf(this.playback.speed) + 1) % SPEEDS.length];
        this.render();
      },
      frame_back: () => this.step(-1),
      frame_on: () => this.step(1),
      ten_back: () => this.step(-10),
      ten_on: () => this.step(10),
      first: () => this.seek(frames()[0] ?? this.now.range(this.take)[0]),
      last: () => this.seek(frames().at(-1) ?? this.now.range(this.take)[1]),
      mark_back: () => this.mark(-1),
      mark_on: () => this.mark(1),
      flip: () => this.flip(),
      wipe: () => change({ mode: now().mode === "wipe" ? "a" : "wipe" }),
      side: () => change({ mode: now().mode === "side" ? "a" : "side" }),
      difference: () => change({ mode: now().mode === "difference" ? "a" : "difference" }),
      swap: () => {
        const { a, b } = this.specs();
        change({ a: b.key, b: a.key });
      },
      newer: () => this.other(1),
      older: () => this.other(-1),
      pick: (event) => {
        const one = this.take.choices?.[Number(event.key) - 1];
        if (one) change({ variation: one.label });
      },
      brighter: () => change({ ev: round(now().ev + 0.5, 2) || null }),
      darker: () => change({ ev: round(now().ev - 0.5, 2) || null }),
      gamma_up: () => change({ gamma: round(Math.min(4, now().gamma + 0.05), 2) }),
      gamma_down: () => change({ gamma: round(Math.max(0.2, now().gamma - 0.05), 2) }),
      neutral: () => change({ ev: null, gamma: null }),
      fit: () => change({ zoom: null, x: null, y: null }),
      one_to_one: () => change(now().zoom === 1 ? { zoom: null, x: null, y: null } : { zoom: 1 }),
      marks: () => change({ marks: now().marks ? "off" : null }),
      layer: () => {
        const all = [null, ...(this.take.layers ?? [])];
        change({ layer: all[(all.indexOf(now().layer || null) + 1) % all.length] });
      },
    };
  }
}
