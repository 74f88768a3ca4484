// A playhead, and the sound that goes with it.

export class Player {
  /** `onTime` is called with the seconds while it plays, `onChange` when it starts or stops. */
  constructor(signal, onTime, onChange) {
    this.seconds = 0;
    this.end = 0;
    this.isPlaying = false;
    this.loop = false; // whether it begins anew at the end
    this.sound = null;
    this.onTime = onTime;
    this.onChange = onChange;
    signal.addEventListener("abort", () => {
      this.pause();
      this.sound = null;
    });
  }

  /** Take the sound of a speech, from `speechOf`, and the end of the stage in seconds. */
  load(speech, end) {
    this.end = end;
    const url = speech?.url ?? null;
    this.start = speech?.start ?? 0;
    if (url === (this.url ?? null)) return;
    this.pause();
    this.url = url;
    this.sound = url ? new Audio(url) : null;
    if (this.sound) this.sound.preload = "none";
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    if (this.seconds >= this.end - 0.02) this.seconds = 0;
    this.isPlaying = true;
    this.onChange();
    if (this.sound) {
      this.sound.currentTime = this.start + this.seconds;
      this.sound.play().catch(() => this.pause());
    }
    let last = performance.now();
    const step = (now) => {
      if (!this.isPlaying) return;
      const heard = this.sound && !this.sound.paused && !this.sound.ended;
      if (heard) this.seconds = Math.max(0, this.sound.currentTime - this.start);
      else if (!this.sound || this.sound.ended) this.seconds += (now - last) / 1000;
      last = now;
      if (this.seconds >= this.end && this.loop) {
        this.restart();
        return;
      }
      if (this.seconds >= this.end) this.pause();
      this.onTime(Math.min(this.seconds, this.end));
      if (this.isPlaying) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  restart() {
    this.isPlaying = false;
    this.seconds = 0;
    this.play();
  }

  pause() {
    const played = this.isPlaying;
    this.isPlaying = false;
    this.sound?.pause();
    if (played) this.onChange();
  }

  seek(seconds) {
    this.seconds = Math.min(Math.max(0, seconds), this.end);
    if (this.isPlaying && this.sound) this.sound.currentTime = this.start + this.seconds;
    this.onTime(this.seconds);
  }
}
