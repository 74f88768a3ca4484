// The face picker of MoDA Extract Identity and MoDA Track Face: the linked picture with its faces.
// A click on one chooses it, and its points can be moved. What is chosen is in the node's widgets.
import { placeOn } from "../elements.js";
import { addView, commit, onValue, setValue, widgetOf } from "../view.js";
import { drawFaces, drawImage, drawPoints, makeParts } from "./drawing.js";
import {
  around,
  boxAround,
  clamped,
  faceAt,
  inPicture,
  isDrag,
  keyShift,
  placementOf,
} from "./geometry.js";
import { parsePoints, withPoint } from "./points_text.js";
import { isLinked, lastSeen, linkedFile, rememberSeen, watch } from "./source.js";

const MIN_HEIGHT = 260;
const ROOMY = 44; // pixels of the page between the eyes, from which on points can be dragged
const VALUES = ["face_index", "face_order", "points", "box"];
const PICTURE_INPUTS = ["image", "video"];
const FRAME = ["filename", "subfolder", "type", "media"]; // parts of a query that name a picture

/** Add the face picker to a node. */
export function addPicker(node, { app, api }) {
  const { root, signal } = addView(node, "picker", { minHeight: MIN_HEIGHT, app });
  const parts = makeParts(root);
  const picker = new Picker(node, parts, signal, { app, api });
  for (const name of VALUES) {
    const widget = widgetOf(node, name);
    if (widget) onValue(widget, signal, () => picker.refresh());
  }
  const refresh = () => picker.refresh();
  after(node, "onConnectionsChange", refresh);
  after(node, "onConfigure", refresh);
  after(node, "onExecuted", (output) => picker.onExecuted(output));
  root.addEventListener("pointerenter", refresh, { signal }); // other nodes tell nothing of undo
  root.addEventListener("focusin", refresh, { signal });
  listen(picker, parts, signal);
  const observer = new ResizeObserver(() => picker.draw());
  observer.observe(parts.stage);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    picker.end();
  });
  refresh();
}

/** Call a function after a hook of a node. */
function after(node, hook, call) {
  const own = node[hook];
  node[hook] = function (...values) {
    const result = own?.apply(this, values);
    call(...values);
    return result;
  };
}

function listen(picker, { stage, closer, back }, signal) {
  const on = (target, kind, call) => target.addEventListener(kind, call, { signal });
  const pointOf = (event) => event.target.closest?.(".moda-picker-point:enabled")?.dataset.name;
  on(stage, "click", (event) => {
    const face = event.target.closest(".moda-picker-face:enabled");
    if (face) picker.choose(Number(face.dataset.index));
  });
  on(stage, "pointerdown", (event) => {
    const name = pointOf(event);
    if (!name || event.button !== 0) return;
    event.preventDefault();
    event.target.focus({ preventScroll: true });
    event.target.setPointerCapture(event.pointerId);
    picker.startDrag(name, event);
  });
  on(stage, "pointermove", (event) => picker.drag(event));
  on(stage, "pointerup", () => picker.endDrag(true));
  on(stage, "pointercancel", () => picker.endDrag(false));
  on(stage, "keydown", (event) => {
    const handled = picker.onKey(event, pointOf(event));
    if (handled || event.key === "Enter" || event.key === " ") event.stopPropagation();
    if (handled) event.preventDefault();
  });
  on(stage, "keyup", (event) => {
    if (pointOf(event) && keyShift(event)) picker.commit();
  });
  on(closer, "click", () => picker.setCloser(!picker.isCloser));
  on(back, "click", () => picker.forget());
}

class Picker {
  constructor(node, parts, signal, { app, api }) {
    Object.assign(this, { node, parts, signal, app, api });
    this.input = PICTURE_INPUTS.find((name) => node.inputs?.some((each) => each.name === name));
    this.answer = null; // of the route, for `asked`
    this.asked = "";
    this.message = "";
    this.isCloser = false;
    this.dragged = null; // {name, start, point}, of a point under the pointer
    this.wanted = null; // place of the face that was clicked before all were found
    this.stopWatching = () => {};
  }

  end() {
    this.stopWatching();
    this.asking?.abort();
  }

  value(name) {
    return widgetOf(this.node, name)?.value;
  }

  commit() {
    commit(this.app);
  }

  /** Show what the widgets and links say now; once for all changes of one moment. */
  refresh() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    queueMicrotask(() => {
      this.isWaiting = false;
      if (!this.signal.aborted) this.show();
    });
  }

  show() {
    const query = this.query();
    const asked = query ? new URLSearchParams(query).toString() : "";
    if (asked !== this.asked) {
      this.asked = asked;
      this.asking?.abort();
      if (query) this.ask(query);
      else this.answer = null;
    }
    this.draw();
  }

  /** Return what to ask, null where there is no picture yet. */
  query() {
    const { node } = this;
    const file = linkedFile(node, this.input);
    this.stopWatching();
    this.stopWatching = file ? watch(file.widget, () => this.refresh()) : () => {};
    const isFile = file && !isLinked(node, "mask");
    const source = isFile ? file.query : isLinked(node, this.input) && lastSeen(node, this.app);
    this.message = source ? "" : this.hint();
    if (!source) return null;
    const values = VALUES.filter((name) => widgetOf(node, name));
    const given = Object.fromEntries(values.map((name) => [name, String(this.value(name))]));
    return { ...source, node: node.comfyClass, ...given };
  }

  hint() {
    if (!isLinked(this.node, this.input)) {
      return `Link ${this.input === "video" ? "a video" : "a picture"} to see its faces here.`;
    }
    const what = isLinked(this.node, "mask") ? "the faces inside the mask" : "its faces here";
    return `Run once to see ${what}.`;
  }

  onExecuted(output) {
    rememberSeen(this.node, output);
    this.refresh();
  }

  /** Ask for the faces; first for those that are found at once. */
  async ask(query) {
    const asking = new AbortController();
    this.asking = asking;
    const frame = FRAME.map((name) => query[name]).join("\n");
    if (frame !== this.frame) [this.frame, this.answer, this.wanted] = [frame, null, null];
    for (const quick of [{ quick: 1 }, {}]) {
      const answer = await this.fetched({ ...query, ...quick }, asking.signal);
      if (asking.signal.aborted || this.signal.aborted) return;
      this.answer = answer;
      if (answer.is_complete !== false) break;
      this.draw();
    }
    if (this.wanted && this.answer.is_complete) {
      const face = faceAt(this.answer.faces, this.wanted);
      this.wanted = null;
      if (face >= 0) this.choose(face);
    }
    this.draw();
  }

  async fetched(query, signal) {
    try {
      const path = `/moda/faces?${new URLSearchParams(query)}`;
      const response = await this.api.fetchApi(path, { signal });
      if (response.status === 404 && query.type === "run") return { error: this.hint() };
      const answer = await response.json();
      return response.ok ? answer : { error: answer.error };
    } catch (error) {
      return { error: `The faces can't be shown (${error.message}).` };
    }
  }

  /** Return the points of the text, and the index of the face that is chosen; -1 for none. */
  chosen() {
    const { answer } = this;
    const text = this.value("points") ?? "";
    if (!text.trim()) return { given: {}, face: answer.order[this.value("face_index")] ?? -1 };
    const given = parsePoints(text, answer);
    if (!given) return { given: null, face: -1 };
    const [left, right] = answer.point_names.map((name) => given[name]);
    const middle = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
    return { given, face: faceAt(answer.faces, middle) };
  }

  /** Choose a face by its index in the answer. */
  choose(index) {
    const { answer } = this;
    const [left, top, width, height] = answer.faces[index].box;
    if (!answer.is_complete) this.wanted = [left + width / 2, top + height / 2];
    const number = answer.order.indexOf(index);
    if (number < 0 || index === this.chosen().face) return; // its moved points stay
    this.set("face_index", number);
    this.set("points", "");
    this.commit();
    this.refresh();
  }

  /** Take the points from the picture again. */
  forget() {
    this.set("points", "");
    this.commit();
    this.refresh();
  }

  set(name, value) {
    const widget = widgetOf(this.node, name);
    if (widget) setValue(this.node, widget, value, this.app);
  }

  setCloser(isCloser) {
    this.isCloser = isCloser;
    this.draw();
  }

  place(event) {
    const { x, y } = placeOn(this.parts.stage, event);
    return [x, y];
  }

  startDrag(name, event) {
    this.dragged = { name, start: this.place(event), point: null };
  }

  drag(event) {
    if (!this.dragged) return;
    const place = this.place(event);
    if (!this.dragged.point && !isDrag(place, this.dragged.start)) return;
    this.dragged.point = clamped(inPicture(place, this.placement), this.answer.size);
    this.draw();
  }

  endDrag(isKept) {
    const { name, point } = this.dragged ?? {};
    this.dragged = null;
    if (point && isKept) {
      this.move(name, point);
      this.commit();
    }
    this.draw();
  }

  move(name, point) {
    const { face } = this.chosen();
    const found = this.answer.faces[face]?.points ?? {};
    this.set("points", withPoint(this.value("points"), name, point, found, this.answer));
    this.refresh();
  }

  /** Handle a key; returns whether it did something. */
  onKey(event, name) {
    const shift = name && keyShift(event);
    if (shift) {
      const [x, y] = this.shownPoints().find((each) => each.name === name).point;
      this.move(name, clamped([x + shift[0], y + shift[1]], this.answer.size));
      return true;
    }
    if (event.key !== "Escape" || !(this.dragged || this.isCloser)) return false;
    if (this.dragged) this.endDrag(false);
    else this.setCloser(false);
    return true;
  }

  /** Return the points that are shown, those that are dragged where they are now. */
  shownPoints() {
    const { answer } = this;
    const { given, face } = this.chosen();
    if (!given || !widgetOf(this.node, "points")) return [];
    const points = { ...answer.faces[face]?.points, ...given };
    if (this.dragged?.point) points[this.dragged.name] = this.dragged.point;
    return [...answer.point_names, ...answer.extra_names]
      .filter((name) => name in points)
      .map((name) => ({
        name,
        label: answer.labels[name],
        point: points[name],
        isGiven: name in given,
      }));
  }

  draw() {
    const { answer, parts } = this;
    const stage = { width: parts.stage.clientWidth, height: parts.stage.clientHeight };
    const problem = this.message || answer?.error || answer?.problem;
    parts.status.textContent = problem || this.summary();
    parts.status.classList.toggle("moda-picker-problem", Boolean(answer?.error || answer?.problem));
    parts.status.title = problem || "";
    const points = answer?.faces ? this.shownPoints() : [];
    parts.closer.hidden = !points.length;
    parts.closer.textContent = this.isCloser ? "Whole picture" : "Closer";
    parts.back.hidden = !widgetOf(this.node, "points");
    parts.back.disabled = !this.value("points")?.trim();
    if (!stage.width || !stage.height) return;
    if (!answer?.faces) {
      drawImage(parts.image, null);
      drawImage(parts.detail, null);
      drawFaces(parts, [], null);
      drawPoints(parts, [], null);
      return;
    }
    const [width, height] = answer.size;
    const whole = { x: 0, y: 0, width, height };
    const { face } = this.chosen();
    if (!this.dragged || !this.placement) {
      const box = answer.faces[face]?.box ?? (points.length && boxAround(points.map((p) => p.point)));
      this.region = this.isCloser && box ? around(box, answer.size) : whole;
      this.placement = placementOf(this.region, stage);
    }
    drawImage(parts.image, this.pictureAddress(), whole, this.placement);
    const isReduced = this.isCloser && parts.image.naturalWidth < width;
    const detail = isReduced ? this.pictureAddress(this.region) : null;
    drawImage(parts.detail, detail, this.region, this.placement);
    const shown = answer.faces.map(({ box }, index) => {
      const number = answer.order.indexOf(index);
      return { box, number: number < 0 ? null : number, isChosen: index === face };
    });
    drawFaces(parts, shown, this.placement);
    drawPoints(parts, this.roomy(points), this.placement);
  }

  /** Leave out what is too dense to be grasped: then eyes and mouth are dots, the others hidden. */
  roomy(points) {
    const [left, right] = points.map(({ point }) => point);
    if (!left) return [];
    const far = Math.hypot(right[0] - left[0], right[1] - left[1]) * this.placement.scale;
    if (this.isCloser || far >= ROOMY) return points.map((point) => ({ ...point, isDot: false }));
    const main = new Set(this.answer.point_names);
    return points.filter(({ name }) => main.has(name)).map((point) => ({ ...point, isDot: true }));
  }

  /** Return where the picture is, or a part of it in its own pixels. */
  pictureAddress(part) {
    const query = new URLSearchParams(this.asked);
    const frame = FRAME.filter((name) => query.has(name)).map((name) => [name, query.get(name)]);
    const named = new URLSearchParams([...frame, ["version", this.answer.version]]);
    if (part) named.set("part", [part.x, part.y, part.width, part.height].join());
    return this.api.apiURL(`/moda/face_picture?${named}`);
  }

  summary() {
    const { answer } = this;
    if (!answer?.faces) return "Looking for faces…";
    const count = answer.faces.length;
    const found = count === 1 ? "1 face" : `${count} faces`;
    if (!answer.is_complete) return `${found}; looking for smaller ones…`;
    return this.value("points")?.trim() ? `${found}; set by 'points'` : found;
  }
}
