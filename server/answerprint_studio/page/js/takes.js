/** The takes of the wall: read in pages, brought up to date as the service says what changed. */

import * as api from "./api.js";

const FIRST = 60; // enough for two screens: what the first paint waits for
const PAGE = 500;
const AHEAD = 2000; // read without being asked, so that the scroll bar tells the truth
const MOST_FRESH = 100; // changed cards asked for one by one; beyond, all anew
const CALM = 400; // ms: changes that come together are read together

export class Takes {
  /** onChange(kind): "anew" another list, "more" longer, "cards" some changed, "fault". */
  constructor(onChange) {
    this.onChange = onChange;
    this.params = {};
    this.empty();
  }

  empty() {
    Object.assign(this, { cards: [], counts: {}, groups: [], total: 0, next: null, error: null, loaded: false, at: Date.now() });
    this.changed = new Set();
  }

  end() {
    clearTimeout(this.timer);
    this.stop?.abort();
  }

  /** Reads the list that `params` (of /takes) ask for; the one that is shown stays until the new one is there. */
  async load(params) {
    this.end();
    const stop = new AbortController();
    this.stop = stop;
    this.reading = null;
    this.params = params;
    const wanted = Math.max(FIRST, Math.min(PAGE, this.cards.length));
    try {
      const page = await this.page({ limit: wanted });
      if (stop !== this.stop) return;
      this.empty();
      this.take(page);
      this.loaded = true;
      this.onChange("anew");
      // Another list may have been asked for meanwhile: that one reads on by itself.
      while (stop === this.stop && this.next && this.cards.length < AHEAD) await this.more();
    } catch (error) {
      this.failed(error);
    }
  }

  /** The next page, where there is one; asked for again while it is on its way, it is the same one. */
  more() {
    this.reading ??= this.read(this.stop);
    return this.reading;
  }

  async read(stop) {
    try {
      if (!this.next) return;
      const page = await this.page({ limit: PAGE, cursor: this.next });
      if (stop !== this.stop) return;
      this.take(page);
      this.reading = null;
      this.onChange("more");
    } finally {
      if (stop === this.stop) this.reading = null;
    }
  }

  page(more) {
    return api.get(`/takes?${api.query({ ...this.params, ...more })}`, { signal: this.stop.signal });
  }

  take(page) {
    const now = Date.now();
    const held = new Set(this.cards.map((card) => card.id));
    for (const card of page.takes) if (!held.has(card.id)) this.cards.push({ ...card, seen_at: now });
    this.next = page.next ?? null;
    if (page.counts) this.counts = page.counts;
    if (page.groups) this.groups = page.groups;
    this.total = page.total ?? this.cards.length;
  }

  failed(error) {
    if (error.name === "AbortError") return;
    this.error = error;
    this.onChange("fault");
  }

  /** Of the service: these takes are otherwise. Read a little later, with those that follow at once. */
  touch(ids) {
    for (const id of ids) this.changed.add(id);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh().catch((error) => this.failed(error)), CALM);
  }

  async refresh() {
    const ids = [...this.changed];
    this.changed.clear();
    const held = new Map(this.cards.map((card) => [card.id, card]));
    // A take that was not there may stand anywhere in the order.
    if (!this.loaded || ids.length > MOST_FRESH || ids.some((id) => !held.has(id))) return this.load(this.params);
    const page = await api.get(`/takes?${api.query({ ids: ids.join(","), limit: MOST_FRESH })}`);
    const takes = page.takes.filter((card) => held.has(card.id));
    const moved = takes.length < ids.length || takes.some((card) => held.get(card.id)?.state !== card.state || held.get(card.id)?.qc !== card.qc);
    if (moved) return this.load(this.params);
    const now = Date.now();
    for (const card of takes) Object.assign(held.get(card.id), card, { seen_at: now });
    this.onChange("cards");
  }
}
