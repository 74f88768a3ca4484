// What the page tells about how fast and how well it plays.

const WINDOW = 50; // frames that a figure is of

/** Keeps the last values, and their mean. */
export class Mean {
  constructor(size = WINDOW) {
    this.size = size;
    this.values = [];
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > this.size) this.values.shift();
    return this;
  }

  get value() {
    return this.values.reduce((sum, value) => sum + value, 0) / this.values.length;
  }
}

export const milliseconds = (seconds) => `${Math.round(1000 * seconds)} ms`;

/** Shows the figures in elements {delay, offset, rate}; gathers them frame by frame. */
export class Figures {
  constructor(elements) {
    this.elements = elements;
    this.delays = new Mean();
    this.offsets = new Mean();
    this.gaps = new Mean();
    this.before = null;
    this.count = 0;
  }

  /** Take a frame's delay in seconds or null, and when it was due and shown. */
  add(delay, { due, shown }) {
    if (delay !== null) this.delays.add(delay);
    this.offsets.add(shown - due);
    if (this.before !== null) this.gaps.add(shown - this.before);
    this.before = shown;
    this.count += 1;
    if (this.count % 10) return;
    const { delay: delayText, offset, rate } = this.elements;
    if (this.delays.values.length) delayText.textContent = milliseconds(this.delays.value);
    offset.textContent = milliseconds(this.offsets.value);
    if (this.gaps.values.length) rate.textContent = (1 / this.gaps.value).toFixed(1);
  }

  /** Forget the delays, as another source begins. */
  restart() {
    this.delays = new Mean();
  }
}
