// At most one request on its way, and after it only the newest one.

/** Return a function that sends a value, or remembers it, and forgets older ones, until it can. */
export function latestOnly(send) {
  let busy = false;
  let waiting = null;
  const run = async (value) => {
    busy = true;
    try {
      await send(value);
    } finally {
      busy = false;
      if (waiting) {
        const [next] = waiting;
        waiting = null;
        run(next);
      }
    }
  };
  return (value) => {
    if (busy) waiting = [value];
    else run(value);
  };
}
