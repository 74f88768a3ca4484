// Which picture a node's portrait comes from, as far as the page can tell without a run.
import { viewQuery } from "../upstream.js";

const PASSED = new Set(["Reroute"]);
const FILE_NODES = new Set(["LoadImage", "LoadImageOutput"]);

/**
 * Find the picture behind the input `portrait` of a node.
 *
 * Returns {picture, face}, as the route takes them, or null where only a run can tell: the picture
 * is computed, or a mask or a link chooses the face.
 */
export function findSource(node) {
  const identity = linked(node, "portrait");
  if (identity?.comfyClass !== "MoDAExtractIdentity") return null;
  const face = {};
  for (const name of ["face_index", "face_order", "points", "box"]) {
    if (linked(identity, name)) return null;
    face[name] = valueOf(identity, name);
  }
  const loader = linked(identity, "image");
  if (!loader || linked(identity, "mask")) return null;
  const picture = pictureOf(loader);
  return picture && { picture, face };
}

/** Whether something is linked to an input. */
export function isLinked(node, name) {
  const slot = node.inputs?.findIndex((input) => input.name === name) ?? -1;
  return slot >= 0 && node.inputs[slot].link != null;
}

function pictureOf(loader) {
  if (loader.comfyClass === "MoDAExample") return { example: valueOf(loader, "picture") };
  const name = FILE_NODES.has(loader.comfyClass) && valueOf(loader, "image");
  return name ? Object.fromEntries(new URLSearchParams(viewQuery(name))) : null;
}

function valueOf(node, name) {
  return node.widgets?.find((widget) => widget.name === name)?.value;
}

/** Return the node that is linked to an input, behind nodes that only pass links on. */
function linked(node, name) {
  const slot = node.inputs?.findIndex((input) => input.name === name) ?? -1;
  let found = slot < 0 ? null : node.getInputNode(slot);
  while (found && PASSED.has(found.comfyClass ?? found.type)) found = found.getInputNode(0);
  return found ?? null;
}
