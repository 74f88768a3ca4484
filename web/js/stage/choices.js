// What a double click adds to a lane: the word that was last chosen for it on that stage.
const FIRST = {
  emotion: "happiness",
  head: "turn left",
  eyes: "look left",
  mouth: "smile",
  gestures: "nod",
};
const chosen = new Map(); // by node rather than by stage, since undo makes both anew

/** Return the word that a double click adds to a lane of a node's stage. */
export function choiceFor(node, lane) {
  return chosen.get(keyOf(node, lane)) ?? FIRST[lane];
}

/** Take note that a word was chosen for a lane of a node's stage. */
export function choose(node, lane, word) {
  chosen.set(keyOf(node, lane), word);
}

function keyOf(node, lane) {
  return `${node.graph?.id}:${node.id}:${lane}`;
}
