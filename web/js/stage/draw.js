// What the stage draws on a canvas: the ruler and the waveform.
import { rulerStep } from "./layout.js";

/** Size a canvas to its element, sharp on the screen, and return its context. */
function prepared(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.min(16000, Math.round(width * density));
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.scale(canvas.width / width, canvas.height / height);
  return context;
}

/** Draw the marks of time. */
export function drawRuler(canvas, { width, height, pxPerS, color }) {
  const context = prepared(canvas, width, height);
  const step = rulerStep(pxPerS);
  const digits = step < 1 ? 1 : 0;
  context.fillStyle = color;
  context.strokeStyle = color;
  context.font = "10px Inter, Arial, sans-serif";
  context.globalAlpha = 0.8;
  for (let mark = 0; mark * step * pxPerS < width; mark += 1) {
    const x = Math.round(mark * step * pxPerS) + 0.5;
    context.beginPath();
    context.moveTo(x, height - 5);
    context.lineTo(x, height);
    context.stroke();
    context.fillText(`${(mark * step).toFixed(digits)}${mark ? "" : " s"}`, x + 3, height - 4);
  }
}

/** Draw how loud a speech is; without one, a line. */
export function drawWave(canvas, { width, height, pxPerS, color, wave }) {
  const context = prepared(canvas, width, height);
  const middle = height / 2;
  context.fillStyle = color;
  context.globalAlpha = 0.7;
  if (!wave) {
    context.fillRect(0, middle, width, 1);
    return;
  }
  const loudest = Math.max(...wave.peaks, 1e-6);
  const step = wave.seconds / wave.peaks.length;
  const last = Math.min(width, wave.seconds * pxPerS);
  for (let x = 0; x < last; x += 1) {
    const first = Math.floor(x / pxPerS / step);
    const end = Math.max(first + 1, Math.floor((x + 1) / pxPerS / step));
    const peak = Math.max(0, ...wave.peaks.slice(first, end)) / loudest;
    const tall = Math.max(1, peak * (height - 4));
    context.fillRect(x, middle - tall / 2, 1, tall);
  }
}
