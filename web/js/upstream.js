// What is linked to a node, as far as the page can tell before a run.
import { widgetOf } from "./view.js";

/** Return the nodes before a node, nearest first; `stop` ends a branch. */
export function nodesBefore(node, stop = () => false) {
  const found = [];
  const waiting = [node];
  while (waiting.length) {
    const next = waiting.shift();
    for (let slot = 0; slot < (next.inputs?.length ?? 0); slot += 1) {
      const before = next.getInputNode?.(slot);
      if (!before || found.includes(before)) continue;
      found.push(before);
      if (!stop(before)) waiting.push(before);
    }
  }
  return found;
}

/** Return the nodes that a node's outputs are linked to. */
export function nodesAfter(node) {
  const slots = node.outputs?.map((_, slot) => node.getOutputNodes?.(slot) ?? []) ?? [];
  return slots.flat();
}

/**
 * Return where the text of a widget comes from: {node, widget}, the widget itself unless its input
 * is linked to a node that holds a text, or null if that one computes it.
 */
export function textSource(node, name) {
  const slot = node.inputs?.findIndex((input) => input.name === name) ?? -1;
  if (slot < 0 || node.inputs[slot].link == null) return { node, widget: widgetOf(node, name) };
  const source = node.getInputNode?.(slot);
  const texts = source?.widgets?.filter((widget) => typeof widget.value === "string") ?? [];
  return texts.length === 1 && !source.inputs?.some((input) => input.link != null)
    ? { node: source, widget: texts[0] }
    : null;
}

/** Return the query of the host's `/view` for a file's name as its widget writes it. */
export function viewQuery(name) {
  const [, path, kind] = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(name);
  const cut = path.lastIndexOf("/");
  const query = new URLSearchParams({ filename: path.slice(cut + 1), type: kind ?? "input" });
  if (cut >= 0) query.set("subfolder", path.slice(0, cut));
  return query.toString();
}
