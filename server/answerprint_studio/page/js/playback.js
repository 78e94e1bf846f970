/** Playback: one frame after the other at a speed, and the truth about it where it cannot keep up. */

/**
 * A clock. `next(frame)`: the frame after it, null at the end; `has(frame)`: whether it can be shown now;
 * `show(frame)`; `ended()`. No frame is left out: one that has not come is waited for.
 */
export class Playback {
  constructor({ next, has, show, ended }) {
    Object.assign(this, { next, has, show, ended, speed: 24, playing: false, shown: [], due: 0, turn: 0 });
  }

  /** Words for the speed: 24 fps, or 12 of 24 fps. */
  get words() {
    if (!this.playing || this.shown.length < 4) return `${this.speed} fps`;
    const span = this.shown.at(-1) - this.shown[0];
    const real = span > 0 ? ((this.shown.length - 1) * 1000) / span : this.speed;
    return real < this.speed * 0.96 ? `${Math.floor(real)} of ${this.speed} fps` : `${this.speed} fps`;
  }

  start(frame) {
    Object.assign(this, { playing: true, frame, shown: [], due: performance.now() + 1000 / this.speed });
    this.turn = requestAnimationFrame((now) => this.#tick(now));
  }

  stop() {
    this.playing = false;
    cancelAnimationFrame(this.turn);
  }

  #tick(now) {
    if (!this.playing) return;
    this.turn = requestAnimationFrame((later) => this.#tick(later));
    if (now < this.due - 2) return; // rather now than a screen's turn later
    const next = this.next(this.frame);
    if (next === null) {
      this.stop();
      this.ended();
      return;
    }
    if (!this.has(next)) return;
    this.frame = next;
    // late ones are not made up for by hurrying: the speed says what it is
    this.due = Math.max(this.due + 1000 / this.speed, now);
    this.shown = [...this.shown.filter((at) => now - at < 1000), now];
    this.show(next);
  }
}
