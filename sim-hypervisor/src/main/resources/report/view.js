// The span of time that is shown, and its way to another one.

const NARROWEST = 1000;

class View {
  /** Time runs from `min` to `max`; `changed` is called whenever what is shown changes. */
  constructor(min, max, changed) {
    this.min = min;
    this.max = max;
    this.changed = changed;
    this.from = min;
    this.span = Math.max(NARROWEST, max - min);
    this.target = null;
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** Shows `span` ns from `from` on, at once, kept within what there is. */
  show(from, span) {
    this.target = null;
    this.put(this.clamped(from, span));
  }

  /** Goes there smoothly. */
  goTo(from, span) {
    if (this.still) return this.show(from, span);
    const going = this.target !== null;
    this.target = this.clamped(from, span);
    if (!going) requestAnimationFrame(() => this.step());
  }

  /** Zooms by `factor` (below 1: in) around `time`, which stays where it is. */
  zoom(time, factor, smoothly = true) {
    const aim = this.target ?? this;
    const span = Math.min(this.max - this.min, Math.max(NARROWEST, aim.span * factor));
    const from = time - (time - aim.from) / aim.span * span;
    if (smoothly) this.goTo(from, span);
    else this.show(from, span);
  }

  /** Moves by a part of what is shown. */
  pan(part, smoothly = true) {
    const aim = this.target ?? this;
    if (smoothly) this.goTo(aim.from + part * aim.span, aim.span);
    else this.show(aim.from + part * aim.span, aim.span);
  }

  step() {
    const { target } = this;
    if (target === null) return;
    const close = Math.abs(target.span - this.span) < this.span * 0.004
      && Math.abs(target.from - this.from) < this.span * 0.002;
    if (close) {
      this.target = null;
      this.put(target);
    } else {
      this.put({ from: this.from + (target.from - this.from) * 0.32, span: this.span + (target.span - this.span) * 0.32 });
      requestAnimationFrame(() => this.step());
    }
  }

  put({ from, span }) {
    this.from = from;
    this.span = span;
    this.changed();
  }

  clamped(from, span) {
    const kept = Math.min(this.max - this.min, Math.max(NARROWEST, span));
    return { from: Math.min(this.max - kept, Math.max(this.min, from)), span: kept };
  }
}
