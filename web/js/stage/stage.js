// The stage of MoDA Director and MoDA Emotion Timeline: their text, drawn over the speech.
import { button, make, placeOn } from "../elements.js";
import { followTime, tellTime } from "../shared_time.js";
import * as edits from "../text/edits.js";
import { isScript, parseEmotions, parseScript } from "../text/script.js";
import { textSource } from "../upstream.js";
import { addView, commit, onValue, setValue } from "../view.js";
import { choiceFor, choose } from "./choices.js";
import { drawRuler, drawWave } from "./draw.js";
import { connectLanes, copied } from "./gestures.js";
import { showEntry } from "./inspector.js";
import { endOf, layOut, pausesOf, snapped, stageSeconds } from "./layout.js";
import { rowHeight, showLanes } from "./lanes.js";
import { Player } from "./player.js";
import { peaksOf, speechOf } from "./speech.js";

const HEIGHT = 300;
const RULER_PX = 18;
const WAVE_PX = 34;
const SCROLLBAR_PX = 14;
const ZOOM = 1.5;
const CLOSEST_PX = 400; // of a second
const WIDEST_PX = 30_000; // of all seconds, which are drawn at once
const LINKED_MS = 300; // after which a new node has its links
const HINT = "Double-click a lane to add; drag to move, the end to stretch, up for more; Alt copies";

/** Add a stage to a node, for the text in one of its widgets. */
export function addStage(node, { app, api, definition }, textName) {
  const grammar = definition.input.required[textName][1].moda_grammar;
  new Stage(node, textName, grammar, { app, api });
}

class Stage {
  constructor(node, textName, grammar, { app, api }) {
    Object.assign(this, { node, textName, grammar, app, api });
    this.isDirector = textName === "script";
    this.fps = grammar.fps;
    this.zoom = 1; // times the stage's width
    this.selected = null;
    this.wave = null;
    this.points = [];
    const { root, signal } = addView(node, "stage", { minHeight: HEIGHT, app });
    this.root = root;
    this.signal = signal;
    this.player = new Player(
      signal,
      (seconds) => {
        this.showTime(seconds);
        tellTime(this, seconds);
      },
      () => this.showPlaying(),
    );
    this.build();
    this.listen();
    this.findText();
  }

  parse = (text) => {
    const read = this.isDirector ? parseScript : parseEmotions;
    return read(text, this.grammar, this.fps);
  };

  get laneNames() {
    return this.isDirector ? this.grammar.lanes : ["emotion"];
  }

  build() {
    const { signal } = this;
    this.playButton = button("▶", "Play", signal, () => this.player.toggle());
    this.clock = make("output", { class: "moda-clock", "aria-label": "Time" }, "0.00 s");
    this.adding = this.addingMenu();
    const zoom = (factor) => () => this.zoomBy(factor);
    const bar = make(
      "div",
      { class: "moda-bar" },
      this.playButton,
      this.clock,
      this.adding,
      button("Copy", "Copy the selected one to the playhead", signal, () => this.copySelected()),
      button("Delete", "Delete the selected one", signal, () => this.deleteSelected()),
      make("span", { class: "moda-gap" }),
      button("−", "Zoom out", signal, zoom(1 / ZOOM)),
      button("+", "Zoom in", signal, zoom(ZOOM)),
      button("Fit", "Show all", signal, zoom(0)),
    );
    this.ruler = make("canvas", { class: "moda-ruler", "aria-hidden": "true" });
    this.waveform = make("canvas", { "aria-hidden": "true" });
    this.track = make("div", { class: "moda-lanes" });
    this.playhead = make("div", { class: "moda-playhead", "aria-hidden": "true" });
    this.marks = make("div", { class: "moda-marks" });
    this.strip = make("div", { class: "moda-strip" }, this.ruler, this.waveform);
    this.ending = make("div", { class: "moda-ending", title: "The speech ends here" });
    const inside = [this.strip, this.track, this.ending, this.marks, this.playhead];
    this.content = make("div", { class: "moda-content" }, ...inside);
    const scroll = { class: "moda-scroll", tabindex: 0, "aria-label": "Stage", role: "region" };
    this.scroll = make("div", scroll, this.content);
    this.names = make("div");
    const gutter = make("div", { class: "moda-gutter" }, this.names);
    this.line = make("div", { class: "moda-line" });
    this.mistakes = make("div", { class: "moda-mistakes", role: "status" });
    this.body = make("div", { class: "moda-body" }, gutter, this.scroll);
    this.root.append(bar, this.body, this.line, this.mistakes);
  }

  addingMenu() {
    const { grammar } = this;
    const title = "Add at the playhead; left and right are the picture's";
    const menu = make("select", { "aria-label": "Add at the playhead", title });
    const option = (name) => make("option", { value: name }, name);
    menu.append(make("option", { value: "" }, "Add…"));
    for (const lane of this.laneNames) {
      const group = make("optgroup", { label: lane });
      const actions = Object.keys(grammar.actions).filter((each) => {
        return grammar.actions[each].lane === lane;
      });
      group.append(...(lane === "emotion" ? grammar.emotions : actions).map(option));
      menu.append(group);
    }
    const add = () => {
      if (!menu.value) return;
      this.choose(menu.selectedOptions[0].parentElement.label, menu.value);
      this.addNamed(menu.value, this.player.seconds);
      menu.value = "";
    };
    menu.addEventListener("change", add, { signal: this.signal });
    return menu;
  }

  listen() {
    const { signal, node, scroll } = this;
    connectLanes(this.track, this, signal);
    followTime(this, signal, (time) => {
      if (this.player.isPlaying) return;
      this.player.seconds = Math.min(time, this.seconds);
      this.showTime(this.player.seconds);
    });
    const scrub = (event) => {
      if (event.buttons & 1) this.player.seek(this.timeOn(this.strip, event));
    };
    this.strip.addEventListener("pointerdown", scrub, { signal });
    this.strip.addEventListener("pointermove", scrub, { signal });
    this.strip.addEventListener(
      "pointerdown",
      (event) => this.strip.setPointerCapture(event.pointerId),
      { signal },
    );
    scroll.addEventListener("wheel", (event) => this.turnWheel(event), { signal, passive: false });
    this.root.addEventListener("keydown", (event) => this.pressKey(event), { signal });
    this.root.addEventListener("pointerenter", () => this.findLinked(), { signal });
    const size = new ResizeObserver(() => this.draw());
    size.observe(this.body);
    signal.addEventListener("abort", () => size.disconnect());
    const linked = node.onConnectionsChange;
    node.onConnectionsChange = (...values) => {
      queueMicrotask(() => this.findLinked());
      return linked?.apply(node, values);
    };
    const heard = () => this.findSpeech();
    this.api.addEventListener("executed", heard);
    signal.addEventListener("abort", () => this.api.removeEventListener("executed", heard));
    setTimeout(() => this.findLinked(), LINKED_MS);
  }

  findLinked() {
    if (this.signal.aborted) return;
    this.findText();
    this.findSpeech();
  }

  /** Find the widget with the text: the node's own, or that of the node which is linked to it. */
  findText() {
    const source = textSource(this.node, this.textName);
    if (this.source && source?.widget === this.source.widget) return;
    this.reading?.abort();
    this.reading = new AbortController();
    this.source = source;
    const signal = AbortSignal.any([this.signal, this.reading.signal]);
    if (source) onValue(source.widget, signal, () => this.read());
    this.read();
  }

  get hint() {
    return this.source ? HINT : "The text comes from another node, and is known when that has run.";
  }

  /** Read the text anew. */
  read() {
    const text = String(this.source?.widget.value ?? "");
    this.document = { text, ...this.parse(text) };
    this.draw();
  }

  async findSpeech() {
    if (this.signal.aborted) return;
    const speech = speechOf(this.node, this.api);
    const wave = await peaksOf(speech);
    if (this.signal.aborted || (wave === this.wave && speech?.url === this.speech?.url)) return;
    const same = JSON.stringify([speech, wave?.seconds]) === JSON.stringify(this.known);
    this.known = [speech, wave?.seconds];
    if (same) return;
    Object.assign(this, { speech, wave });
    this.pauses = wave ? pausesOf(wave.peaks, wave.seconds).flat() : [];
    this.draw();
  }

  get seconds() {
    return stageSeconds(this.document.entries, this.wave?.seconds);
  }

  get pxPerS() {
    return (this.width * this.zoom) / this.seconds;
  }

  draw() {
    const { entries } = this.document;
    this.width = Math.max(100, this.scroll.clientWidth || 300);
    const { seconds, pxPerS } = this;
    const width = seconds * pxPerS;
    const ends = entries.map((entry) => endOf(entry, entries, seconds));
    const times = entries.map((entry) => entry.time);
    this.points = [0, ...times, ...ends, ...(this.pauses ?? []), this.player.seconds];
    const lanes = layOut(entries, this.grammar, this.laneNames, seconds);
    const { grammar, selected } = this;
    const rowPx = rowHeight(lanes, this.body.clientHeight - RULER_PX - WAVE_PX - SCROLLBAR_PX);
    const focused = this.track.contains(document.activeElement);
    showLanes({ track: this.track, gutter: this.names }, lanes, {
      pxPerS,
      rowPx,
      grammar,
      selected,
    });
    if (focused) this.track.querySelector(`[data-at="${selected}"]`)?.focus();
    this.content.style.width = `${width}px`;
    this.names.style.paddingTop = `${RULER_PX + WAVE_PX}px`;
    const style = getComputedStyle(this.root);
    const color = style.color;
    drawRuler(this.ruler, { width, height: RULER_PX, pxPerS, color });
    const accent = style.getPropertyValue("--moda-accent") || color;
    drawWave(this.waveform, { width, height: WAVE_PX, pxPerS, color: accent, wave: this.wave });
    this.ending.style.left = `${(this.wave?.seconds ?? seconds) * pxPerS}px`;
    this.player.load(this.speech, seconds);
    this.showMistakes();
    this.showTime(this.player.seconds);
    showEntry(this.line, this.selectedEntry, this);
  }

  showMistakes() {
    const { entries, errors, text } = this.document;
    const { pxPerS } = this;
    this.marks.replaceChildren();
    this.mistakes.replaceChildren();
    (text.trim() ? errors : []).forEach((error, index) => {
      const before = entries.filter((entry) => entry.span[1] <= error.position).at(-1);
      const seconds = /^\[?\s*(\d+(?:\.\d*)?)/.exec(text.slice(error.start))?.[1];
      const mark = make("button", { type: "button", class: "moda-mark", title: error.message }, "!");
      mark.setAttribute("aria-label", error.message);
      mark.style.left = `${Math.min(this.seconds, seconds ?? before?.time ?? 0) * pxPerS}px`;
      mark.addEventListener("click", () => this.showInText(error.position));
      this.marks.append(mark);
      if (index === 0) this.mistakes.append(make("span", {}, error.message));
    });
    this.mistakes.hidden = !this.mistakes.childElementCount;
  }

  showInText(position) {
    const field = this.source?.widget.element ?? this.source?.widget.inputEl;
    field?.focus?.();
    const end = /[^\s,;\]]*/.exec(this.document.text.slice(position))[0].length;
    field?.setSelectionRange?.(position, position + Math.max(1, end));
  }

  showTime(seconds) {
    this.playhead.style.left = `${seconds * this.pxPerS}px`;
    this.clock.textContent = `${seconds.toFixed(2)} s`;
  }

  showPlaying() {
    const label = this.player.isPlaying ? "Pause" : "Play";
    this.playButton.textContent = this.player.isPlaying ? "❚❚" : "▶";
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
  }

  get selectedEntry() {
    return this.document.entries.find((entry) => entry.span[0] === this.selected);
  }

  select(at) {
    if (at === this.selected) return;
    this.selected = at;
    for (const block of this.track.querySelectorAll(".moda-block")) {
      const chosen = Number(block.dataset.at) === at;
      block.classList.toggle("moda-selected", chosen);
      block.setAttribute("aria-pressed", chosen);
    }
    showEntry(this.line, this.selectedEntry, this);
  }

  seek(seconds) {
    this.player.seek(seconds);
  }

  /** Write an edited text; `at` is the place of the entry that is selected then. */
  write({ text, at }) {
    this.selected = at;
    if (text === this.document.text || !this.source) return;
    setValue(this.source.node, this.source.widget, text, this.app);
    if (this.document.text !== text) this.read();
  }

  commit() {
    commit(this.app);
  }

  /** Take note of a word that was chosen in a list, which a double click on its lane adds next. */
  choose(lane, word) {
    choose(this.node, lane, word);
  }

  add(lane, seconds) {
    this.addNamed(choiceFor(this.node, lane), seconds);
  }

  addNamed(name, seconds) {
    const { text } = this.document;
    const at = edits.written(snapped(seconds, [], 1, this.fps));
    const script = this.isDirector || isScript(text);
    const word = this.grammar.actions[name];
    const needed = word && !word.defaults.length ? word.numbers.map(() => " 0").join("") : "";
    const plain = `${at} ${name}${needed}`;
    const part = script ? `[${plain}${word ? "" : " 0.8 for 2"}]` : plain;
    this.write(edits.inserted(text, part, Number(at), this.parse));
    this.commit();
    this.track.querySelector(`[data-at="${this.selected}"]`)?.focus();
  }

  copySelected() {
    const entry = this.selectedEntry;
    if (!entry) return;
    const seconds = this.player.seconds;
    const later = seconds === entry.time ? seconds + 0.5 : seconds;
    this.write(copied(this.document.text, entry, snapped(later, [], 1, this.fps), this));
    this.commit();
  }

  deleteSelected() {
    const entry = this.selectedEntry;
    if (!entry) return;
    this.write({ text: edits.without(this.document.text, entry).text, at: null });
    this.commit();
  }

  timeOn(element, event) {
    const seconds = Math.max(0, placeOn(element, event).x / this.pxPerS);
    return snapped(seconds, event.ctrlKey ? [] : this.points, this.pxPerS, this.fps);
  }

  /** Zoom by a factor around the playhead; 0 shows all. */
  zoomBy(factor) {
    const most = Math.max(1, Math.min(CLOSEST_PX * this.seconds, WIDEST_PX) / this.width);
    this.zoom = factor ? Math.min(most, Math.max(1, this.zoom * factor)) : 1;
    this.draw();
    this.scroll.scrollLeft = this.player.seconds * this.pxPerS - this.width / 2;
  }

  turnWheel(event) {
    if (!this.root.contains(document.activeElement)) return;
    event.preventDefault();
    if (event.ctrlKey) this.zoomBy(event.deltaY < 0 ? ZOOM : 1 / ZOOM);
    else this.scroll.scrollLeft += event.deltaX || event.deltaY;
  }

  pressKey(event) {
    if (event.target.matches("input, select")) return;
    if (["Delete", "Backspace"].includes(event.key)) event.stopPropagation(); // else the node goes
    if (event.key !== " " || event.target.matches("button")) return;
    event.preventDefault();
    event.stopPropagation();
    this.player.toggle();
  }
}
