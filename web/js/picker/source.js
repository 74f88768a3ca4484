// Which picture is linked to a node, and news of it.
import { outputOf } from "../runs.js";
import { onValue, widgetOf } from "../view.js";

const MUTED = [2, 4]; // modes of a node: never, bypassed
// Nodes that load a file, or a picture of the pack's: their widget, and what the routes take.
const LOADERS = {
  LoadImage: { widget: "image", query: { type: "input" } },
  LoadImageOutput: { widget: "image", query: { type: "output" } },
  LoadVideo: { widget: "file", query: { type: "input", media: "video" } },
  MoDAExample: { widget: "picture", query: { type: "example" } },
};
const listeners = new WeakMap(); // of a widget that several views may watch

function inputOf(node, name) {
  return node.inputs?.find((input) => input.name === name);
}

/** Whether something is linked to an input. */
export function isLinked(node, name) {
  return inputOf(node, name)?.link != null;
}

/** Return the node that is linked to an input, behind reroutes; null if there is none. */
function originOf(node, name) {
  let input = inputOf(node, name);
  for (let steps = 0; input?.link != null && steps < 100; steps += 1) {
    const link = node.graph?.links?.get?.(input.link) ?? node.graph?.links?.[input.link];
    const origin = link && node.graph.getNodeById(link.origin_id);
    if (origin?.type !== "Reroute") return origin ?? null;
    [input] = origin.inputs;
  }
  return null;
}

/**
 * Return the file that is linked to an input: {widget, query}, null if there is none.
 *
 * `query` is what the routes take of it; `widget` is where the other node names it.
 */
export function linkedFile(node, name) {
  const origin = originOf(node, name);
  const loader = LOADERS[origin?.comfyClass ?? origin?.type];
  const widget = loader && !MUTED.includes(origin.mode) && widgetOf(origin, loader.widget);
  const value = Array.isArray(widget?.value) ? widget.value[0] : widget?.value;
  return value ? { widget, query: { ...loader.query, filename: String(value) } } : null;
}

/** Call back when the value of another node's widget changes; returns what ends it. */
export function watch(widget, call) {
  if (!listeners.has(widget)) {
    const calls = new Set();
    listeners.set(widget, calls);
    // As long as the other node: one listener, however many views come and go.
    onValue(widget, new AbortController().signal, () => calls.forEach((each) => each()));
  }
  listeners.get(widget).add(call);
  return () => listeners.get(widget).delete(call);
}

/** Return what the last run told of the picture it saw, as a query; null before a run. */
export function lastSeen(node, app) {
  const text = outputOf(node, app)?.moda_seen?.[0] ?? sessionStorage.getItem(storageKey(node));
  return text ? JSON.parse(text) : null;
}

/** Remember what a run told, since the next one tells nothing of a node that need not run again. */
export function rememberSeen(node, output) {
  const [text] = output?.moda_seen ?? [];
  if (text && node.graph) sessionStorage.setItem(storageKey(node), text);
}

function storageKey(node) {
  return `moda_seen:${node.graph?.id}:${node.id}`;
}
