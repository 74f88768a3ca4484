// The lanes of a stage and the blocks in them, as elements.
import { make } from "../elements.js";
import { amountOf, outline } from "./layout.js";

const ROW_PX = [26, 48]; // the lowest and the tallest row
const LEAST_BLOCK_PX = 8;
const SVG = "http://www.w3.org/2000/svg";

/** Return how tall a row is, so that all lanes fill a height if they can. */
export function rowHeight(lanes, height) {
  const rows = lanes.reduce((sum, lane) => sum + lane.rows, 0);
  return Math.min(ROW_PX[1], Math.max(ROW_PX[0], Math.floor(height / rows)));
}

/** Show the lanes; `selected` is the place of an entry in the text. */
export function showLanes({ track, gutter }, lanes, options) {
  const { rowPx } = options;
  gutter.replaceChildren(
    ...lanes.map(({ name, rows }) => {
      const style = `height: ${rows * rowPx}px`;
      return make("div", { class: "moda-lane-name", style }, name);
    }),
  );
  track.replaceChildren(
    ...lanes.map((lane) => {
      const attributes = { class: "moda-lane", style: `height: ${lane.rows * rowPx}px` };
      const element = make("div", { ...attributes, role: "group", "aria-label": lane.name });
      element.dataset.lane = lane.name;
      const inOrder = [...lane.blocks].sort((a, b) => a.start - b.start);
      element.append(...inOrder.map((block) => blockElement(block, options)));
      return element;
    }),
  );
}

function blockElement(block, { pxPerS, rowPx, grammar, selected }) {
  const { entry, start, end, row, label, color } = block;
  const at = entry.span[0];
  const element = make("div", {
    class: `moda-block${at === selected ? " moda-selected" : ""}`,
    role: "button",
    tabindex: 0,
    "aria-pressed": at === selected,
    "aria-label": spoken(entry, block, grammar),
    title: spoken(entry, block, grammar),
  });
  element.dataset.at = at;
  element.style.left = `${start * pxPerS}px`;
  element.style.top = `${row * rowPx + 2}px`;
  element.style.height = `${rowPx - 4}px`;
  element.style.width = `${Math.max(LEAST_BLOCK_PX, (end - start) * pxPerS - 1)}px`;
  element.style.setProperty("--moda-color", color);
  element.append(shape(block, grammar), make("span", { class: "moda-block-name" }, label));
  if (Number.isFinite(entry.duration)) element.append(make("span", { class: "moda-edge" }));
  return element;
}

function shape(block, grammar) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", outline(block, grammar));
  svg.append(path);
  return svg;
}

/** Return what a block is, in words. */
function spoken(entry, { label, end }, grammar) {
  const amount = amountOf(entry, grammar);
  const seconds = (value) => `${Number(value.toFixed(2))} s`;
  const until = Number.isFinite(entry.duration) ? `, until ${seconds(end)}` : "";
  const much = amount ? `, ${amount.name} ${Number(amount.value.toFixed(2))}` : "";
  return `${label} at ${seconds(entry.time)}${until}${much}`;
}
