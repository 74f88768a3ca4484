// A part of a node that the pack draws itself, in the canvas and in Nodes 2.0.
//
// What it shows is kept in the node's ordinary widgets: a view is in neither the workflow nor the
// prompt, and a page without this file shows the same node without it.

const MARGIN = 10; // that the canvas keeps free around a view
const STOPPED = ["pointerdown", "pointermove", "pointerup", "dblclick", "contextmenu"];

const SETTLED_MS = 200; // after which a new node is on the page

/**
 * Add a view below a node's widgets.
 *
 * `name` is unique in the node. Returns {root, signal, widget}: the element to fill, and a signal
 * that is aborted when the node goes, for listeners and all else that must end with it.
 */
export function addView(node, name, { minHeight, app }) {
  const root = document.createElement("div");
  root.className = `moda-view moda-${name}`;
  root.style.minHeight = `${minHeight}px`; // Nodes 2.0 asks the element, not the widget
  root.dataset.captureWheel = "true";
  const ending = new AbortController();
  const { signal } = ending;
  const getMinHeight = () => minHeight + 2 * MARGIN;
  const options = { serialize: false, hideOnZoom: true, margin: MARGIN, getMinHeight };
  const widget = node.addDOMWidget(`moda_${name}`, `MODA_${name.toUpperCase()}`, root, options);
  widget.serialize = false;
  // A width that the page sets once would stay when the node is made wider.
  Object.defineProperty(widget, "width", { get: () => undefined, set: () => {}, configurable: true });
  for (const kind of STOPPED) {
    root.addEventListener(kind, (event) => event.stopPropagation(), { signal });
  }
  root.addEventListener("wheel", (event) => passWheel(event, root, app), { signal, passive: false });
  const removed = node.onRemoved;
  node.onRemoved = function (...values) {
    ending.abort();
    root.classList.add("moda-ended");
    return removed?.apply(this, values);
  };
  setTimeout(() => takePlace(node, root, name), SETTLED_MS);
  return { root, signal, widget };
}

/** Undo makes a node anew; Nodes 2.0 then goes on to show the element of the old one. */
function takePlace(node, root, name) {
  if (root.isConnected) return;
  const ended = `[data-node-id="${node.id}"] .moda-${name}.moda-ended`;
  document.querySelector(ended)?.replaceWith(root);
}

/** Let the canvas zoom while nothing in the view has the focus. */
function passWheel(event, root, app) {
  if (root.contains(document.activeElement)) {
    event.stopPropagation();
    return;
  }
  event.preventDefault();
  app.canvas?.canvas?.dispatchEvent(new WheelEvent("wheel", event));
}

/** Return the widget of a node by its name. */
export function widgetOf(node, name) {
  return node.widgets?.find((widget) => widget.name === name);
}

/** Write a value as if the user had, so that the page redraws, and can undo it. */
export function setValue(node, widget, value, app) {
  if (widget.value === value) return;
  widget.value = value;
  widget.callback?.(value, app.canvas, node);
  node.graph?.setDirtyCanvas(true, true);
}

/** Let the page take note of a change, for undo. */
export function commit(app) {
  app.extensionManager?.workflow?.activeWorkflow?.changeTracker?.checkState?.();
}

/** Call back when a widget's value may have changed: edited, or drawn anew after undo. */
export function onValue(widget, signal, call) {
  let last = widget.value;
  const check = () => {
    if (signal.aborted || widget.value === last) return;
    last = widget.value;
    call(last);
  };
  const own = widget.callback;
  widget.callback = function (...values) {
    const result = own?.apply(this, values);
    check();
    return result;
  };
  widget.element?.addEventListener("input", () => queueMicrotask(check), { signal });
  return check;
}
