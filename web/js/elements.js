// Short ways to make elements.

/** Return an element with attributes, properties that begin with a dot, and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(".")) element[name.slice(1)] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Return a button that calls back when it is pressed. */
export function button(text, label, signal, press) {
  const element = make("button", { type: "button", "aria-label": label, title: label }, text);
  element.addEventListener("click", press, { signal });
  return element;
}

/** Return a place on an element in its own pixels, however the page has scaled it. */
export function placeOn(element, event) {
  const box = element.getBoundingClientRect();
  const scale = box.width / element.offsetWidth || 1;
  return { x: (event.clientX - box.left) / scale, y: (event.clientY - box.top) / scale };
}
