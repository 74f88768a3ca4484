// When frames are shown, by the clock of the sound. All times are seconds of that clock.

export const FPS = 25;
const FIRST_S = 0.03; // from the first frame's arrival until it is shown
const GUARD_S = 0.01; // in which sound must be there before it is heard
const CUSHION_S = 0.03; // that is added where a spoken frame came too late
const LATEST_S = 0.5; // that a silent frame may be late before all is shown later
const MOST_FRAMES = 50;
const REMEMBERED_S = 1; // for which it is known how early frames came

const drop = (frame) => frame.bitmap?.close();

/**
 * Frames that wait for their times. A frame has {index, turn, loud}, and what else it may; it gets a
 * `time`, and keeps it, since its sound is placed there. `loud` tells whether its sound is heard.
 */
export class Timeline {
  constructor() {
    this.start = null; // time of frame 0
    this.waiting = [];
    this.shown = -1; // index of the frame that was shown last
    this.turn = 0; // number of interruptions
    this.held = 0; // seconds by which frames had to be shown later
    this.skipped = 0; // frames that were never shown
    this.early = []; // [when a frame came, seconds before its time] of the last second
  }

  /** Return the time of a frame. */
  timeOf(index) {
    return this.start + index / FPS;
  }

  /**
   * Take a frame that has come, and return its time; null if it belongs to what was interrupted.
   * A frame replaces those of its index and above. A loud one that is late, or one that is very
   * late, moves all that follow.
   */
  accept(frame, now) {
    if (frame.turn !== this.turn) return null;
    if (this.start === null) this.start = now + FIRST_S - frame.index / FPS;
    const late = now + GUARD_S - this.timeOf(frame.index);
    if (late > LATEST_S || (late > 0 && frame.loud)) {
      this.start += late + CUSHION_S;
      this.held += late + CUSHION_S;
    }
    this.early.push([now, this.timeOf(frame.index) - now]);
    while (this.early[0][0] < now - REMEMBERED_S) this.early.shift();
    while (this.waiting.length && this.waiting.at(-1).index >= frame.index) drop(this.waiting.pop());
    this.shown = Math.min(this.shown, frame.index - 1);
    frame.time = this.timeOf(frame.index);
    this.waiting.push(frame);
    if (this.waiting.length > MOST_FRAMES) drop(this.waiting.shift());
    return frame.time;
  }

  /** Take the frame that is to be shown now, null if it is shown already. */
  take(now) {
    let found = null;
    while (this.waiting.length && this.waiting[0].time <= now) {
      if (found) {
        this.skipped += 1;
        drop(found);
      }
      found = this.waiting.shift();
    }
    if (found) this.shown = found.index;
    return found;
  }

  /** Drop all that was not shown; returns the number of frames that were. */
  interrupt() {
    this.turn = (this.turn + 1) & 0xffff;
    this.waiting.splice(0).forEach(drop);
    this.early = [];
    return this.shown + 1;
  }

  /** Return by how many seconds frames came early, the latest of the last second; else 0. */
  spare() {
    return this.early.length ? Math.min(...this.early.map(([, seconds]) => seconds)) : 0;
  }

  /** Return how much was played by now, null before the first frame. */
  place(now) {
    return this.start === null ? null : now - this.start;
  }
}

/** Remembers when sound was sent, so that a frame can tell how long it took. */
export class SentSound {
  constructor() {
    this.total = 0; // seconds
    this.pieces = []; // [place of its end, time of its end]
  }

  add(seconds, time) {
    this.total += seconds;
    this.pieces.push([this.total, time]);
    if (this.pieces.length > 2000) this.pieces.splice(0, 1000);
  }

  /** Return when the sound at a place was sent, null if that is forgotten. */
  timeOf(place) {
    const piece = this.pieces.find(([end]) => end >= place);
    return piece ? piece[1] - (piece[0] - place) : null;
  }
}
