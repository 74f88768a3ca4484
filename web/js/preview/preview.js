// A motion that plays on the face, in MoDA Preview Motion and MoDA Sample Motion.
import { button, make, placeOn } from "../elements.js";
import { nodeOfRun, outputOf } from "../runs.js";
import { followTime, tellTime } from "../shared_time.js";
import { Player } from "../stage/player.js";
import { speechOf } from "../stage/speech.js";
import { addView } from "../view.js";
import { drawCurves } from "./curves.js";
import { Sheets } from "./sheets.js";

const HEIGHT = 340;
const FACE_PX = 256;
const CURVES_PX = 84;
const EMPTY = "Link a portrait and run the workflow: the motion plays here on the face.";
const UNTOLD =
  "The server did not compute this motion again. Change a value, such as a seed, and run.";

/** Add a preview to a node. */
export function addPreview(node, page) {
  new Preview(node, page);
}

class Preview {
  constructor(node, { app, api }) {
    Object.assign(this, { node, app, api, motion: null });
    const { root, signal } = addView(node, "preview", { minHeight: HEIGHT, app });
    Object.assign(this, { root, signal });
    this.sheets = new Sheets(api, () => this.showFrame());
    this.player = new Player(
      signal,
      (seconds) => this.showTime(seconds),
      () => this.showPlaying(),
    );
    this.build();
    this.listen();
  }

  build() {
    const { signal } = this;
    this.playButton = button("▶", "Play", signal, () => this.player.toggle());
    this.clock = make("output", { class: "moda-clock", "aria-label": "Time" }, "0.00 s");
    this.slider = make("input", {
      type: "range",
      min: 0,
      max: 0,
      step: 0.04,
      ".value": 0,
      "aria-label": "Time",
    });
    this.loop = make("input", { type: "checkbox", ".checked": true });
    const loop = make("label", {}, this.loop, " loop");
    this.face = make("canvas", { class: "moda-face", width: FACE_PX, height: FACE_PX });
    this.face.setAttribute("aria-label", "The motion on the face");
    this.note = make("div", { class: "moda-note moda-quiet" }, EMPTY);
    this.curves = make("canvas", { "aria-hidden": "true" });
    this.playhead = make("div", { class: "moda-playhead" });
    this.plot = make("div", { class: "moda-plot" }, this.curves, this.playhead);
    const stage = make("div", { class: "moda-screen" }, this.face, this.note);
    const bar = { class: "moda-bar" };
    const controls = make("div", bar, this.playButton, this.clock, this.slider, loop);
    this.root.append(stage, controls, this.plot);
    this.showPlaying();
  }

  listen() {
    const { signal, api, node } = this;
    const isHere = ({ detail }) => nodeOfRun(detail.node, this.app) === node;
    const hear = (kind, call) =>
      api.addEventListener(kind, (event) => isHere(event) && call(event.detail), { signal });
    hear("moda_motion", (motion) => this.load(motion));
    hear("moda_untold", () => this.showNote(UNTOLD));
    signal.addEventListener("abort", () => this.sheets.clear());
    const executed = node.onExecuted;
    node.onExecuted = (output) => {
      this.loadOutput(output);
      return executed?.call(node, output);
    };
    setTimeout(() => this.loadOutput(outputOf(node, this.app))); // of a run before undo
    this.slider.addEventListener("input", () => this.player.seek(Number(this.slider.value)), {
      signal,
    });
    const scrub = (event) => {
      if (!(event.buttons & 1) || !this.motion) return;
      this.player.seek((placeOn(this.plot, event).x / this.plot.offsetWidth) * this.seconds);
    };
    this.plot.addEventListener("pointerdown", scrub, { signal });
    this.plot.addEventListener("pointermove", scrub, { signal });
    this.loop.addEventListener("change", () => (this.player.loop = this.loop.checked), { signal });
    this.player.loop = true;
    followTime(this, signal, (seconds) => {
      if (!this.motion || this.player.isPlaying) return;
      this.player.seconds = Math.min(seconds, this.seconds);
      this.showAt(this.player.seconds);
    });
    this.root.addEventListener("keydown", (event) => this.pressKey(event), { signal });
    const size = new ResizeObserver(() => this.draw());
    size.observe(this.plot);
    signal.addEventListener("abort", () => size.disconnect());
  }

  get seconds() {
    return this.motion.frames / this.motion.fps;
  }

  /** Take what a run gave, in which the motion is text. */
  loadOutput(output) {
    const [motion] = output?.moda_motion ?? [];
    if (motion && !this.signal.aborted) this.load(JSON.parse(motion));
  }

  /** Take what the server tells of a motion, finished or growing. */
  load(motion) {
    this.motion = motion;
    this.note.hidden = true;
    this.sheets.load(motion);
    const { sound } = motion;
    const url = sound && this.api.apiURL(`/view?${new URLSearchParams(sound)}`);
    this.player.load(sound ? { url, start: 0 } : speechOf(this.node, this.api), this.seconds);
    this.slider.max = this.seconds;
    this.draw();
  }

  draw() {
    if (!this.motion) return;
    const ground = getComputedStyle(this.plot).backgroundColor; // "" if it is not in the page
    const size = { width: Math.max(50, this.plot.clientWidth), height: CURVES_PX };
    if (ground) drawCurves(this.curves, this.motion.curves, { ...size, ground });
    this.showAt(this.player.seconds);
  }

  showTime(seconds) {
    this.showAt(seconds);
    tellTime(this, seconds);
  }

  showAt(seconds) {
    this.clock.textContent = `${seconds.toFixed(2)} s`;
    this.slider.value = seconds;
    this.playhead.style.left = `${(seconds / this.seconds) * 100}%`;
    this.showFrame();
  }

  showFrame() {
    const { frames, fps } = this.motion;
    const index = Math.min(frames - 1, Math.floor(this.player.seconds * fps + 1e-6));
    const frame = this.sheets.frame(index);
    if (this.player.isPlaying) this.sheets.askAfter(index);
    if (this.sheets.error) this.showNote(this.sheets.error);
    if (!frame) return;
    const { picture, x, y, width, height } = frame;
    Object.assign(this.face, { width, height });
    this.face.getContext("2d").drawImage(picture, x, y, width, height, 0, 0, width, height);
  }

  showNote(text) {
    this.note.hidden = false;
    this.note.textContent = text;
    this.sheets.error = null;
  }

  showPlaying() {
    const label = this.player.isPlaying ? "Pause" : "Play";
    this.playButton.textContent = this.player.isPlaying ? "❚❚" : "▶";
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
  }

  pressKey(event) {
    if (event.key !== " " || event.target.matches("button, input")) return;
    event.preventDefault();
    event.stopPropagation();
    this.player.toggle();
  }
}
