// The elements of the face picker: a picture, a button for each face and for each point of one.
import { make } from "../elements.js";
import { onStage } from "./geometry.js";

const NUMBER_HEIGHT = 20; // pixels, above a face unless the stage ends there

/** Return the parts of the view, all in `root`. */
export function makeParts(root) {
  const parts = {
    image: make("img", { class: "moda-picker-image", alt: "", draggable: "false" }),
    detail: make("img", { class: "moda-picker-image", alt: "", draggable: "false" }),
    stage: make("div", { class: "moda-picker-stage", role: "group", "aria-label": "Faces" }),
    status: make("span", { class: "moda-picker-status", "aria-live": "polite" }),
    closer: make("button", { type: "button" }),
    back: make("button", { type: "button" }, "Back to what was found"),
    faces: [],
    points: new Map(),
  };
  parts.stage.append(parts.image, parts.detail);
  const buttons = make("span", { class: "moda-picker-buttons" }, parts.closer, parts.back);
  root.append(parts.stage, make("div", { class: "moda-picker-bar" }, parts.status, buttons));
  return parts;
}

/** Put a picture of a region where a placement has it; without an address it is hidden. */
export function drawImage(image, address, region, placement) {
  image.hidden = !address;
  if (!address) return;
  if (image.getAttribute("src") !== address) image.src = address;
  const [left, top] = onStage([region.x, region.y], placement);
  place(image, [left, top, region.width * placement.scale, region.height * placement.scale]);
}

/** Draw a button for each face: {box, number | null, isChosen}; it keeps its element. */
export function drawFaces({ faces, stage }, shown, placement) {
  while (faces.length > shown.length) faces.pop().remove();
  shown.forEach(({ box: [x, y, width, height], number, isChosen }, index) => {
    if (!faces[index]) {
      faces[index] = make("button", { type: "button", class: "moda-picker-face" }, make("b"));
      const [point] = stage.getElementsByClassName("moda-picker-point");
      stage.insertBefore(faces[index], point ?? null);
    }
    const face = faces[index];
    const [left, top] = onStage([x, y], placement);
    place(face, [left, top, width * placement.scale, height * placement.scale]);
    face.dataset.index = index;
    face.classList.toggle("moda-picker-inside", top < NUMBER_HEIGHT);
    face.disabled = number === null;
    face.setAttribute("aria-pressed", isChosen);
    const label = number === null ? "Not among the numbered faces" : `face_index ${number}`;
    face.setAttribute("aria-label", label);
    face.title = label;
    face.firstChild.textContent = number ?? "";
  });
}

/** Draw a handle for each point: {name, label, point, isGiven, isDot}. */
export function drawPoints({ points, stage }, shown, placement) {
  const names = new Set(shown.map(({ name }) => name));
  for (const [name, handle] of points) {
    if (names.has(name)) continue;
    handle.remove();
    points.delete(name);
  }
  for (const { name, label, point, isGiven, isDot } of shown) {
    if (!points.has(name)) {
      points.set(name, make("button", { type: "button", class: "moda-picker-point" }));
      stage.append(points.get(name));
    }
    const handle = points.get(name);
    const [left, top] = onStage(point, placement);
    place(handle, [left, top]);
    handle.dataset.name = name;
    handle.disabled = isDot;
    handle.classList.toggle("moda-picker-given", isGiven);
    handle.title = label;
    handle.setAttribute("aria-label", `${label}, ${point.map(Math.round).join(", ")}`);
  }
}

function place({ style }, [left, top, width, height]) {
  style.left = `${left}px`;
  style.top = `${top}px`;
  if (width === undefined) return;
  style.width = `${width}px`;
  style.height = `${height}px`;
}
