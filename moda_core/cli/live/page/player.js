// Shows frames and plays their sound, in step, by the clock of the sound.
import { peak } from "./sources.js";
import { FPS, Timeline } from "./timeline.js";

const INAUDIBLE = 0.002; // largest sample of a sound whose loss is not heard
const HALF_REFRESH_S = 0.008; // a frame is shown at the refresh that is nearest to its time

export class Player {
  /**
   * @param {AudioContext} context whose worklet is loaded
   * @param {HTMLCanvasElement} canvas
   * @param {(frame, times) => void} onShown called with {due, shown} in seconds of the context
   */
  constructor(context, canvas, onShown = () => {}) {
    this.context = context;
    this.canvas = canvas;
    this.onShown = onShown;
    this.timeline = new Timeline();
    this.node = new AudioWorkletNode(context, "moda-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this.volume = new GainNode(context);
    this.node.connect(this.volume).connect(context.destination);
    this.paint = canvas.getContext("2d", { alpha: false });
    this.draw = this.draw.bind(this);
    requestAnimationFrame(this.draw);
  }

  /** Return the place of the context's clock that is heard right now; if muted, that is played. */
  heard() {
    const { currentTime, outputLatency, baseLatency } = this.context;
    if (!this.volume.gain.value) return currentTime;
    const stamp = this.context.getOutputTimestamp?.();
    if (this.context.state === "running" && stamp?.performanceTime > 0) {
      const now = stamp.contextTime + (performance.now() - stamp.performanceTime) / 1000;
      if (now <= currentTime + 0.05 && now > currentTime - 2) return now;
    }
    return currentTime - (outputLatency || baseLatency || 0);
  }

  /** Take a frame that has come from the server. */
  accept(frame) {
    frame.loud = frame.speaking && peak(frame.sound) > INAUDIBLE;
    const time = this.timeline.accept(frame, this.context.currentTime);
    if (time === null) return;
    // Whole samples between frames, so that their sounds join.
    const { sampleRate } = this.context;
    const samples = frame.sound;
    const first = Math.round(this.timeline.start * sampleRate);
    const at = first + Math.round((frame.index * sampleRate) / FPS);
    this.node.port.postMessage({ at, samples }, [samples.buffer]);
    const picture = new Blob([frame.picture], { type: "image/jpeg" });
    frame.picture = null;
    createImageBitmap(picture).then(
      (bitmap) => {
        frame.bitmap = bitmap;
        if (document.hidden) this.show(); // nothing else does
      },
      (error) => console.warn("A picture could not be read.", error),
    );
  }

  /** Drop all that was not shown, silence included; returns the number of frames shown. */
  interrupt() {
    this.node.port.postMessage({ clear: true });
    return this.timeline.interrupt();
  }

  /** Return how many seconds were played, null before the first frame. */
  place() {
    return this.timeline.place(this.context.currentTime);
  }

  draw() {
    requestAnimationFrame(this.draw);
    this.show();
  }

  /** Show the frame whose time has come, if there is a new one. */
  show() {
    const { timeline, canvas } = this;
    // Those that are not decoded yet wait for the next refresh.
    const undecoded = timeline.waiting.find((frame) => !frame.bitmap);
    const limit = undecoded ? undecoded.time - 0.5 / FPS : Infinity;
    const frame = timeline.take(Math.min(this.heard() + HALF_REFRESH_S, limit));
    if (!frame) return;
    const { bitmap } = frame;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    this.paint.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.onShown(frame, { due: frame.time, shown: this.heard() });
  }
}
