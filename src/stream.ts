/**
 * Runs `work`, which reports through `emit`, as an async generator that yields the reports and returns the result.
 * When the consumer stops early, `work`'s signal is aborted and its end awaited.
 */
export async function* stream<Event, Result>(
  work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Event, Result> {
  const stopped = new AbortController();
  const queue: Event[] = [];
  let wake: () => void = () => {};
  let isDone = false;
  const result = work(
    (event) => {
      queue.push(event);
      wake();
    },
    signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal,
  );
  const end = result
    .catch(() => {})
    .then(() => {
      isDone = true;
      wake();
    });
  try {
    while (!isDone || queue.length > 0) {
      const event = queue.shift();
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else {
        yield event;
      }
    }
    return await result;
  } finally {
    stopped.abort();
    await end;
  }
}

/** Passes all events on, and returns the result. */
export async function forward<Event, Result>(
  events: AsyncGenerator<Event, Result>,
  emit: (event: Event) => void,
): Promise<Result> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) {
      return value;
    }
    emit(value);
  }
}
