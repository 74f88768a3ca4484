// The face of MoDA Expression, which changes as its sliders move, without a run of the graph.
import { outputOf } from "../runs.js";
import { addView, commit, onValue, setValue, widgetOf } from "../view.js";
import { facePanel, turnByHand } from "./face_panel.js";
import { latestOnly } from "./latest.js";
import { findSource, isLinked } from "./source.js";
import { turned } from "./turning.js";

const ROUTE = "/moda/expression";
const EXAMPLE = { picture: {} };
const SIZE = 256;
const MIN_HEIGHT = SIZE + 42; // with two lines of text
const HINT = "Drag to turn the head, with Shift the eyes.";
const NOT_LINKED = "An example. Link a portrait to see its face.";
const NOT_RUN = "This portrait is shown after a run.";

export function addExpression(node, { app, api, definition }) {
  const { root, signal } = addView(node, "expression", { minHeight: MIN_HEIGHT, app });
  const inputs = Object.entries(definition.input.required);
  const options = Object.fromEntries(inputs.map(([name, [, each]]) => [name, each]));
  const widgets = mapValues(options, (_, name) => widgetOf(node, name));
  const ranges = mapValues(options, ({ min, max, step }) => [min, max, step]);
  const read = () => mapValues(widgets, (widget) => widget.value);
  const write = (values) => {
    for (const [name, value] of Object.entries(values)) setValue(node, widgets[name], value, app);
  };
  const end = () => commit(app);
  const reset = () => (write(mapValues(options, (each) => each.default)), end());

  const panel = facePanel(root, SIZE, signal, reset);
  const picture = askedPicture(api, signal, panel);
  const update = () => {
    if (signal.aborted) return;
    const from = sourceOf(node, app);
    if (from) picture.ask({ ...from, values: read() }, from === EXAMPLE ? NOT_LINKED : HINT);
    else picture.none(NOT_RUN);
  };
  onChange(node, api, signal, Object.values(widgets), update);

  const turn = (start, moved, eyes) => write(turned(start, ranges, moved, eyes));
  turnByHand(panel.canvas, signal, { turn, read, end });
}

/** Return the picture to ask for: of the linked portrait, an example without one, or null. */
function sourceOf(node, app) {
  if (!isLinked(node, "portrait")) return EXAMPLE;
  const seen = outputOf(node, app)?.moda_face?.[0];
  return findSource(node) ?? (seen ? { picture: JSON.parse(seen) } : null);
}

/** Ask the route for pictures, never twice for the same one, and show them on a panel. */
function askedPicture(api, signal, panel) {
  let asked = "";
  const send = latestOnly(async ({ body, hint }) => {
    try {
      const headers = { "Content-Type": "application/json" };
      const response = await api.fetchApi(ROUTE, { method: "POST", headers, body, signal });
      if (!response.ok) throw new Error(await reasonOf(response));
      const bitmap = await createImageBitmap(await response.blob());
      panel.draw(bitmap);
      bitmap.close();
      if (asked) panel.say(hint, false);
    } catch (error) {
      if (asked && !signal.aborted) panel.say(error.message, true);
    }
  });
  return {
    ask(request, hint) {
      const body = JSON.stringify(request);
      if (body === asked) return;
      asked = body;
      send({ body, hint });
    },
    none(reason) {
      asked = "";
      panel.say(reason, true);
    },
  };
}

async function reasonOf(response) {
  const answer = await response.json().catch(() => ({}));
  return answer.error ?? `The server answered ${response.status}.`;
}

/** Call back, once for all at a time, when values, links, the graph or a run may change a node. */
function onChange(node, api, signal, widgets, call) {
  let isPlanned = false;
  const plan = () => {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(() => {
      isPlanned = false;
      call();
    });
  };
  for (const widget of widgets) onValue(widget, signal, plan);
  api.addEventListener("graphChanged", plan, { signal });
  for (const method of ["onConfigure", "onConnectionsChange", "onExecuted"]) {
    hook(node, method, plan);
  }
  plan(); // the node is in the graph by then
}

/** Call back after a node's own method. */
function hook(node, method, call) {
  const own = node[method];
  node[method] = function (...values) {
    const result = own?.apply(this, values);
    call();
    return result;
  };
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, each]) => [key, change(each, key)]));
}
