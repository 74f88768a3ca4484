// Where things of a picture are in a view of it; pure functions of numbers.
//
// A stage is {width, height} in pixels of the page, a region {x, y, width, height} in pixels of the
// picture, a placement {scale, left, top} what maps the picture onto the stage.

const ROOM = 0.3; // around a face that is shown alone, in sizes of its box
const LEAST_SHIFT = 3; // pixels of the page, from which on a press is a drag

/** Return the placement that shows a region of a picture as large as a stage allows. */
export function placementOf(region, stage) {
  const scale = Math.min(stage.width / region.width, stage.height / region.height);
  return {
    scale,
    left: (stage.width - region.width * scale) / 2 - region.x * scale,
    top: (stage.height - region.height * scale) / 2 - region.y * scale,
  };
}

/** Return where a point of the picture is on the stage. */
export function onStage([x, y], { scale, left, top }) {
  return [x * scale + left, y * scale + top];
}

/** Return the point of the picture at a place of the stage. */
export function inPicture([x, y], { scale, left, top }) {
  return [(x - left) / scale, (y - top) / scale];
}

/** Return the region around a box [left, top, width, height], of whole pixels of a picture. */
export function around([left, top, width, height], [fullWidth, fullHeight]) {
  const room = ROOM * Math.max(width, height);
  const span = (start, length, full) => {
    const low = Math.min(Math.max(0, Math.floor(start - room)), full - 1);
    return [low, Math.max(1, Math.min(full, Math.ceil(start + length + room)) - low)];
  };
  const [x, shownWidth] = span(left, width, fullWidth);
  const [y, shownHeight] = span(top, height, fullHeight);
  return { x, y, width: shownWidth, height: shownHeight };
}

/** Return the box [left, top, width, height] around points. */
export function boxAround(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** Return a point inside a picture [width, height], to a tenth of a pixel. */
export function clamped([x, y], [width, height]) {
  const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10;
  return [inside(x, width), inside(y, height)];
}

/** Return the index of the face whose box holds a point, the nearest of several; -1 for none. */
export function faceAt(faces, [x, y]) {
  let best = -1;
  let least = Infinity;
  faces.forEach(({ box: [left, top, width, height] }, index) => {
    const far = Math.hypot(x - left - width / 2, y - top - height / 2);
    const inside = x >= left && x <= left + width && y >= top && y <= top + height;
    if (inside && far < least) [best, least] = [index, far];
  });
  return best;
}

/** Whether a pointer has moved so far from where it was pressed that it drags. */
export function isDrag([x, y], [startX, startY]) {
  return Math.hypot(x - startX, y - startY) >= LEAST_SHIFT;
}

/** Return the shift in pixels of the picture of a key, null for other keys. */
export function keyShift({ key, shiftKey }) {
  const step = shiftKey ? 10 : 1;
  const shifts = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  return shifts[key]?.map((value) => value * step) ?? null;
}
