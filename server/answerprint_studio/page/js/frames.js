/** Frames: proxies of a take and its plate, fetched ahead of the eye and kept within a bound. */

import * as api from "./api.js";

const MOST_BYTES = 640 * 2 ** 20;
const AT_ONCE = 6; // what a browser asks of one address at a time

/** Which pixels: {id, side, variation, view, layer, width}, as one string that tells them apart. */
export function path(spec, frame) {
  const { id, side, variation, view, layer, width } = spec;
  return `/takes/${id}/frames/${frame}/proxy?${api.query({ side, variation, view, layer, width })}`;
}

function corners(text) {
  return (text ?? "").split(",").map(Number);
}

// a header bears few letters: the others come as JSON escapes them
function said(headers, name) {
  try {
    return JSON.parse(`"${headers.get(name) ?? ""}"`);
  } catch {
    return "";
  }
}

/**
 * A proxy as it came: {frame, width, height, step, window, display, space, layer, range, notes, texels,
 * bytes}; texels are halves, R G B. What cannot be shown is one too: {frame, problem, remedy, bytes: 0}.
 */
async function fetched(spec, frame, signal) {
  const response = await api.bytes(path(spec, frame), { signal });
  const body = await response.arrayBuffer();
  const { headers } = response;
  const [width, height] = [Number(headers.get("X-Width")), Number(headers.get("X-Height"))];
  if (!(width > 0 && height > 0) || body.byteLength !== width * height * 6) {
    throw new api.Problem(`Frame ${frame} came only in part.`, "It is asked for again when you come back to it.");
  }
  return {
    problem: null,
    frame,
    width,
    height,
    step: Number(headers.get("X-Step")) || 1,
    window: corners(headers.get("X-Window")),
    display: corners(headers.get("X-Display")),
    space: said(headers, "X-Space"),
    layer: said(headers, "X-Layer"),
    range: [Number(headers.get("X-Least")) || 0, Number(headers.get("X-Greatest")) || 0],
    notes: said(headers, "X-Notes"),
    texels: new Uint16Array(body),
    bytes: body.byteLength,
  };
}

/** The proxies that are held, those used last longest. `arrived()` is called after each that came. */
export class Frames {
  constructor(arrived, most = MOST_BYTES) {
    Object.assign(this, { arrived, most, held: new Map(), waiting: new Map(), line: [], bytes: 0, ended: false });
  }

  /** The proxy, or what is wrong with it; null where it has not come yet. */
  peek(spec, frame) {
    const key = path(spec, frame);
    const shot = this.held.get(key) ?? null;
    if (shot) {
      this.held.delete(key);
      this.held.set(key, shot);
    }
    return shot;
  }

  /**
   * Fetches what is not there, in this order: [[spec, frame], ...]. What was wanted before and is no more
   * is not fetched any longer.
   */
  want(list) {
    const wanted = new Map(list.map(([spec, frame]) => [path(spec, frame), [spec, frame]]));
    for (const [key, controller] of this.waiting) {
      if (!wanted.has(key)) controller.abort();
    }
    this.line = [...wanted].filter(([key]) => !this.held.has(key));
    this.#go();
  }

  /** Fetches one frame and waits for it. Rejects with the problem where it cannot be shown. */
  async get(spec, frame) {
    const shot = this.peek(spec, frame) ?? (await fetched(spec, frame));
    if (shot.problem) throw new api.Problem(shot.problem, shot.remedy);
    this.#keep(path(spec, frame), shot);
    return shot;
  }

  /** Forgets what could not be shown, as when a take has grown; `all`: what could be as well. */
  again(all = false) {
    for (const [key, shot] of [...this.held]) {
      if (all || shot.problem) this.#drop(key, shot);
    }
  }

  end() {
    this.ended = true;
    for (const controller of this.waiting.values()) controller.abort();
    this.held.clear();
  }

  #go() {
    while (!this.ended && this.waiting.size < AT_ONCE && this.line.length) {
      const [key, [spec, frame]] = this.line.shift();
      if (!this.waiting.has(key) && !this.held.has(key)) this.#fetch(key, spec, frame);
    }
  }

  async #fetch(key, spec, frame) {
    const controller = new AbortController();
    this.waiting.set(key, controller);
    try {
      this.#keep(key, await fetched(spec, frame, controller.signal));
    } catch (error) {
      if (error.name !== "AbortError" && !controller.signal.aborted) this.#keep(key, { frame, problem: error.problem ?? "The frame could not be shown.", remedy: error.remedy ?? String(error.message ?? ""), bytes: 0 });
    }
    this.waiting.delete(key);
    if (this.ended) return;
    if (!controller.signal.aborted) this.arrived();
    this.#go();
  }

  #keep(key, shot) {
    const before = this.held.get(key);
    if (before) this.#drop(key, before);
    this.held.set(key, shot);
    this.bytes += shot.bytes;
    for (const [old, one] of this.held) {
      if (this.bytes <= this.most || this.held.size <= 2) return;
      if (old !== key) this.#drop(old, one);
    }
  }

  #drop(key, shot) {
    this.held.delete(key);
    this.bytes -= shot.bytes;
  }
}
