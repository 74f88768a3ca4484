// The curves of a motion under its preview.

const ON_DARK = ["#56b4e9", "#f2a626", "#8264ff", "#f0e442", "#e26228", "#1eaa7d", "#b9b9c4"];
const ON_LIGHT = ["#005b99", "#8a4b00", "#5233d6", "#665c00", "#a83608", "#006b4a", "#4a4a55"];
const LEAST_RANGE = { lips: 0.2, pitch: 8, yaw: 8, roll: 8, blink: 1, smile: 0.5, brow: 0.5 };

/** Return the colours of lines that are seen on a ground, "rgb(…)". */
export function colorsOn(ground) {
  const [red, green, blue] = ground.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 127 ? ON_LIGHT : ON_DARK;
}

/** Draw the curves below each other, each at its own scale, on a ground, "rgb(…)". */
export function drawCurves(canvas, curves, { width, height, ground }) {
  const colors = colorsOn(ground);
  const density = window.devicePixelRatio || 1;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.scale(density, density);
  context.lineWidth = 1.2;
  const names = Object.keys(curves);
  const row = height / names.length;
  names.forEach((name, index) => {
    const values = curves[name];
    const middle = (Math.max(...values) + Math.min(...values)) / 2;
    const range = Math.max(LEAST_RANGE[name] ?? 1, Math.max(...values) - Math.min(...values));
    context.strokeStyle = colors[index % colors.length];
    context.beginPath();
    values.forEach((value, i) => {
      const x = (i / Math.max(1, values.length - 1)) * width;
      const y = row * (index + 0.5) - ((value - middle) / range) * (row - 3);
      if (i) context.lineTo(x, y);
      else context.moveTo(x, y);
    });
    context.stroke();
    context.font = "10px Inter, Arial, sans-serif";
    context.fillStyle = ground; // the name is readable over the curve
    context.globalAlpha = 0.8;
    context.fillRect(0, row * index + 1, context.measureText(name).width + 6, row - 1);
    context.globalAlpha = 1;
    context.fillStyle = context.strokeStyle;
    context.fillText(name, 3, row * index + 10);
  });
}
