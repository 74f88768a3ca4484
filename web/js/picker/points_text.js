// The text of the widget `points`; the same as `moda_core.face.face_text`.
//
// `names` are {point_names, extra_names} as the route gives them. Points are [x, y] by name.

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const FIRST = 4; // points without which no face is given

/** Return the points of a text by name, or null for one that can't be read. */
export function parsePoints(text, names) {
  const pairs = [];
  const named = {};
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const colon = word.lastIndexOf(":");
    const name = word.slice(0, Math.max(colon, 0));
    const numbers = word.slice(colon + 1).split(",");
    if (colon >= 0 && (!names.extra_names.includes(name) || name in named)) return null;
    if (numbers.length !== 2 || !numbers.every((number) => NUMBER.test(number))) return null;
    const point = numbers.map(Number);
    if (colon >= 0) named[name] = point;
    else pairs.push(point);
  }
  if (pairs.length !== FIRST && pairs.length !== names.point_names.length) return null;
  const found = Object.fromEntries(pairs.map((point, i) => [names.point_names[i], point]));
  return { ...found, ...named };
}

/** Write points as `parsePoints` reads them, to a tenth of a pixel. */
export function formatPoints(points, names) {
  const known = [...names.point_names, ...names.extra_names].filter((name) => name in points);
  return known
    .map((name) => (names.extra_names.includes(name) ? `${name}:` : "") + points[name].map(written))
    .join(" ");
}

function written(value) {
  return String(Math.round(value * 10) / 10);
}

/**
 * Return the text in which a point is at another place.
 *
 * What `text` gives stays. Where it gives nothing, eyes and corners of the mouth are those of
 * `found`, and if a lip is moved the other one too.
 */
export function withPoint(text, name, point, found, names) {
  const given = parsePoints(text, names);
  const points = given ?? pick(found, names.point_names.slice(0, FIRST));
  const isLip = names.point_names.indexOf(name) >= FIRST;
  const lips = isLip ? pick(found, names.point_names.slice(FIRST)) : {};
  return formatPoints({ ...lips, ...points, [name]: point }, names);
}

function pick(points, names) {
  return Object.fromEntries(names.map((name) => [name, points[name]]));
}
