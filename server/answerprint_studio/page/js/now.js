/** Where the player is: read from the address, changed at once, and written back to it when the hand rests. */

import * as state from "./state.js";

const REST = 120; // ms; browsers refuse more than some 20 addresses a second
const MODES = new Set(["a", "b", "wipe", "side", "difference"]);

function number(text, otherwise, low, high) {
  const value = text === undefined || text === null ? NaN : Number(text);
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : otherwise;
}

/** The address with what has just changed laid over it. `changed()` is called after each change, at once. */
export class Now {
  constructor(changed) {
    Object.assign(this, { changed, live: {}, id: state.route().id });
  }

  end() {
    clearTimeout(this.timer);
    this.live = {};
  }

  /** Changes params of the address; null takes one away. */
  change(patch) {
    Object.assign(this.live, patch);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#write(), REST);
    this.changed();
  }

  #write() {
    const patch = this.live;
    this.live = {};
    if (state.route().id === this.id) state.go(patch, { replace: true });
  }

  #param(name) {
    return name in this.live ? this.live[name] : state.route().params[name];
  }

  /** First and last frame of a take, those that were wanted. */
  range(take) {
    const { frames } = take;
    return [Math.min(take.first ?? Infinity, frames[0] ?? Infinity), Math.max(take.last ?? -Infinity, frames.at(-1) ?? -Infinity)].map((one) => (Number.isFinite(one) ? one : 1));
  }

  frame(take) {
    const [first, last] = this.range(take);
    return Math.round(number(this.#param("frame"), take.qc_frame ?? take.frames[0] ?? first, first, last));
  }

  variation(take) {
    const all = take.choices ?? [];
    const asked = this.#param("variation");
    return (all.find((one) => one.label === asked) ?? all[0])?.label ?? "";
  }

  read(take) {
    const mode = this.#param("mode");
    const zoom = number(this.#param("zoom"), 0, 0.01, 64);
    return {
      frame: this.frame(take),
      variation: this.variation(take),
      mode: MODES.has(mode) ? mode : "a",
      at: number(this.#param("at"), 0.5, 0, 1),
      gain: number(this.#param("gain"), 8, 0.01, 1000),
      ev: number(this.#param("ev"), 0, -20, 20),
      gamma: number(this.#param("gamma"), 1, 0.1, 10),
      display: this.#param("display") ?? "",
      view: this.#param("look") ?? "", // in the address `view` is the page's own word
      zoom: zoom || "fit",
      x: number(this.#param("x"), null, -1e6, 1e6),
      y: number(this.#param("y"), null, -1e6, 1e6),
      layer: this.#param("layer") ?? "",
      stereo: this.#param("stereo") ?? "",
      marks: this.#param("marks") !== "off",
    };
  }

  /** What A and B can be: [{key, words}]. */
  choices(take) {
    const own = this.variation(take);
    const variations = (take.choices ?? []).filter((one) => one.label !== own);
    return [
      { key: take.id, words: [take.take, own].filter(Boolean).join(" ") },
      ...(take.plate ? [{ key: "plate", words: "plate" }] : []),
      ...(take.others ?? []).filter((one) => one.id !== take.id).map((one) => ({ key: one.id, words: one.take })),
      ...variations.map((one) => ({ key: one.label, words: one.label })),
    ];
  }

  /** {a, b, own}: as frames.js takes them, with `key` and `words`; own is the take itself. */
  specs(take, width) {
    const all = this.choices(take);
    const other = all.find((one) => one.key !== take.id) ?? all[0];
    const [a, b] = [["a", all[0]], ["b", other]].map(([name, otherwise]) => all.find((one) => one.key === this.#param(name)) ?? otherwise);
    const spec = (side) => ({ ...side, ...this.#which(take, side.key), view: this.#param("stereo") ?? "", layer: this.#param("layer") ?? "", width });
    return { a: spec(a), b: spec(b), own: spec(all[0]) };
  }

  #which(take, key) {
    if (key === "plate") return { id: take.id, side: "plate", variation: "" };
    if (/^w\d+$/.test(key)) return { id: take.id, side: "made", variation: key };
    return { id: key, side: "made", variation: key === take.id ? this.variation(take) : "" };
  }
}
