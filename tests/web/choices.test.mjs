// What a double click adds to a lane.
import assert from "node:assert/strict";
import test from "node:test";

import { choiceFor, choose } from "../../web/js/stage/choices.js";
import { grammar } from "./grammar.mjs";

const nodeOf = (id, graph = { id: "a" }) => ({ id, graph });

test("at first each lane gets a word that can be added to it", () => {
  for (const lane of grammar.lanes) {
    const word = choiceFor(nodeOf(1), lane);
    const isOfLane = grammar.emotions.includes(word)
      ? lane === "emotion"
      : grammar.actions[word]?.lane === lane;
    assert.ok(isOfLane, `${word} in ${lane}`);
  }
});

test("what was chosen for a lane comes next, in that lane of that node alone", () => {
  const first = choiceFor(nodeOf(2), "emotion");

  choose(nodeOf(2), "emotion", "anger");
  choose(nodeOf(2), "mouth", "frown");

  assert.equal(choiceFor(nodeOf(2), "emotion"), "anger");
  assert.equal(choiceFor(nodeOf(2), "mouth"), "frown");
  assert.equal(choiceFor(nodeOf(3), "emotion"), first);
  assert.equal(choiceFor(nodeOf(2, { id: "b" }), "emotion"), first);
});

test("undo, which makes the node anew, does not forget it", () => {
  choose(nodeOf(4), "emotion", "fear");

  assert.equal(choiceFor(nodeOf(4, { id: "a" }), "emotion"), "fear");
});
