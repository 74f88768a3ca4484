// The curves of a motion under its preview.

const COLORS = ["#56b4e9", "#f2a626", "#8264ff", "#f0e442", "#e26228", "#1eaa7d", "#b9b9c4"];
const LEAST_RANGE = { lips: 0.2, pitch: 8, yaw: 8, roll: 8, blink: 1, smile: 0.5, brow: 0.5 };

/** Draw the curves below each other, each at its own scale. */
export function drawCurves(canvas, curves, width, height) {
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
    context.strokeStyle = COLORS[index % COLORS.length];
    context.beginPath();
    values.forEach((value, i) => {
      const x = (i / Math.max(1, values.length - 1)) * width;
      const y = row * (index + 0.5) - ((value - middle) / range) * (row - 3);
      if (i) context.lineTo(x, y);
      else context.moveTo(x, y);
    });
    context.stroke();
    context.font = "10px Inter, Arial, sans-serif";
    context.fillStyle = "rgba(20, 20, 20, 0.75)"; // readable over the curve
    context.fillRect(0, row * index + 1, context.measureText(name).width + 6, row - 1);
    context.fillStyle = context.strokeStyle;
    context.fillText(name, 3, row * index + 10);
  });
}
