/** For each signal, the controllers that it aborts. */
const followers = new WeakMap<AbortSignal, Set<AbortController>>();

/**
 * Has a controller abort when a signal does. However many requests share the signal, it gets one listener.
 * @returns a function that disconnects the two.
 */
export function follow(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (!signal) {
    return () => {};
  }
  if (signal.aborted) {
    controller.abort();
    return () => {};
  }
  const all = followers.get(signal) ?? listen(signal);
  all.add(controller);
  return () => all.delete(controller);
}

function listen(signal: AbortSignal): Set<AbortController> {
  const all = new Set<AbortController>();
  followers.set(signal, all);
  signal.addEventListener(
    'abort',
    () => {
      for (const controller of all) {
        controller.abort();
      }
    },
    { once: true },
  );
  return all;
}
