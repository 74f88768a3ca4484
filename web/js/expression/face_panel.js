// The parts of the expression editor: the picture, a line of text, a button, and the hand on them.
import { button, make } from "../elements.js";
import { keyMove } from "./turning.js";

const LABEL = "The face with this expression. Arrow keys turn the head, with Shift the eyes.";

/** Fill an element; returns {canvas, draw, say}. `reset` is called by the button. */
export function facePanel(root, size, signal, reset) {
  const canvas = make("canvas", { width: size, height: size, tabindex: 0, role: "img" });
  canvas.setAttribute("aria-label", LABEL);
  const note = make("div", { class: "moda-quiet", role: "status" });
  const back = button("Reset", "Set all sliders to their defaults", signal, reset);
  root.append(canvas, make("div", { class: "moda-line" }, note, back));
  return {
    canvas,
    draw(bitmap) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
    },
    /** Show a text below the picture, or in its place. */
    say(text, instead) {
      note.textContent = text;
      root.classList.toggle("moda-empty", instead);
    },
  };
}

/**
 * Turn what the picture shows by the pointer and by arrow keys.
 *
 * `turn(start, moved, eyes)` gets the values at the start, as `read` returns them, and the movement
 * in shares of the picture; `end` is called after each.
 */
export function turnByHand(canvas, signal, { turn, read, end }) {
  let drag = null;
  const listen = (kind, handle) => canvas.addEventListener(kind, handle, { signal });
  listen("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, start: read() };
  });
  listen("pointermove", (event) => {
    if (!drag) return;
    const { width } = canvas.getBoundingClientRect(); // as the graph's zoom scales it
    const moved = [(event.clientX - drag.x) / width, (event.clientY - drag.y) / width];
    turn(drag.start, moved, event.shiftKey);
  });
  const stop = () => {
    if (drag) end();
    drag = null;
  };
  listen("pointerup", stop);
  listen("pointercancel", stop);
  listen("keydown", (event) => {
    const moved = keyMove(event.key);
    if (!moved) return;
    event.preventDefault();
    event.stopPropagation();
    turn(read(), moved, event.shiftKey);
    end();
  });
}
