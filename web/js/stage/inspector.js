// The line that shows the selected entry in words and numbers, to be typed.
import { make } from "../elements.js";
import * as edits from "../text/edits.js";
import { stretched, withAmount } from "./gestures.js";
import { amountOf, laneOf, mainEmotion } from "./layout.js";

/** Show the selected entry, or a hint; `stage` as of `connectLanes`. */
export function showEntry(line, entry, stage) {
  if (!entry) {
    line.replaceChildren(make("span", { class: "moda-quiet" }, stage.hint));
    return;
  }
  const { grammar } = stage;
  const write = (done) => {
    stage.write(done);
    stage.commit();
  };
  const fields = [
    names(entry, stage, write),
    number("at", entry.time, { min: 0, step: 1 / stage.fps, unit: "s" }, (value) =>
      write(edits.withTime(stage.document.text, entry, value, stage.parse, stage.fps)),
    ),
  ];
  const amount = amountOf(entry, grammar);
  if (amount) {
    const { name, value, lowest, highest } = amount;
    const step = highest > 10 ? 0.5 : 0.05;
    fields.push(
      number(name, value, { min: lowest, max: highest, step, unit: "" }, (given) =>
        write(withAmount(stage.document.text, entry, Math.min(highest, Math.max(lowest, given)))),
      ),
    );
  }
  if (Number.isFinite(entry.duration)) {
    fields.push(
      number("for", entry.duration, { min: grammar.shortest_s, step: 0.1, unit: "s" }, (value) =>
        write(stretched(stage.document.text, entry, value, stage)),
      ),
    );
  }
  line.replaceChildren(...fields);
}

function names(entry, stage, write) {
  const { grammar } = stage;
  if (entry.kind === "emotion") {
    const select = menu("emotion", grammar.emotions, mainEmotion(entry));
    if (entry.parts.length > 1) {
      const blend = entry.parts.map((part) => part.label).join(" + ");
      select.prepend(make("option", { value: "", selected: "" }, blend));
    }
    select.addEventListener("change", () => {
      if (!select.value) return;
      stage.choose("emotion", select.value);
      write(edits.withEmotion(stage.document.text, entry, select.value));
    });
    return select;
  }
  const lane = laneOf(entry, grammar);
  const alike = Object.keys(grammar.actions).filter((name) => {
    const word = grammar.actions[name];
    return word.lane === lane && (word.defaults.length || !word.numbers.length);
  });
  const select = menu("action", [...new Set([entry.action, ...alike])], entry.action);
  select.addEventListener("change", () => {
    stage.choose(lane, select.value);
    write(edits.withAction(stage.document.text, entry, select.value));
  });
  return select;
}

function menu(label, values, chosen) {
  const select = make("select", { "aria-label": label });
  select.append(...values.map((value) => make("option", { value }, value)));
  select.value = chosen;
  return select;
}

function number(label, value, { min, max, step, unit }, write) {
  const shown = Number(value.toFixed(2));
  const input = make("input", { type: "number", min, max, step: "any", ".value": shown });
  input.addEventListener("change", () => {
    const given = Number.parseFloat(input.value);
    if (Number.isFinite(given)) write(given);
  });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    write(Math.max(min, Number.parseFloat(input.value) + way * step));
  });
  return make("label", { class: "moda-number" }, `${label} `, input, unit);
}
