// The time at which views of a page play or scrub, so that the playheads of others follow.

const moments = new EventTarget();

/** Tell the other views where one is, in seconds. */
export function tellTime(view, seconds) {
  moments.dispatchEvent(new CustomEvent("time", { detail: { view, seconds } }));
}

/** Follow the times of other views. */
export function followTime(view, signal, call) {
  const hear = ({ detail }) => {
    if (detail.view !== view) call(detail.seconds);
  };
  moments.addEventListener("time", hear, { signal });
}
