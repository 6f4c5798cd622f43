import { InterruptedError } from '../errors.js';
import { typedLimit } from '../system-limits.js';

/**
 * The return type of every call that takes a while. `for await` goes over its events. `await` runs the rest of it and
 * gives the result. The work begins with the first of either. Leaving the loop early stops the work: the call then has
 * no result, and awaiting it throws an InterruptedError.
 */
export interface Call<Event, Result>
  extends AsyncGenerator<Event, Result, void>,
    Pick<Promise<Result>, 'then' | 'catch' | 'finally'> {}

/** Makes a generator of events awaitable. */
export function call<Event, Result>(events: AsyncGenerator<Event, Result>): Call<Event, Result> {
  const { promise, resolve, reject } = deferred<Result>();
  // A consumer that goes over the events gets the error from the loop, and need not await the call.
  promise.catch(() => {});
  const own = (async function* () {
    try {
      const result = yield* events;
      resolve(result);
      return result;
    } catch (error) {
      reject(error);
      throw error;
    }
  })();
  const rest = async () => {
    for await (const _ of own) {
      // A caller that only awaits the result gets no events.
    }
    // Without effect on a finished call. A loop that was left early has settled nothing yet.
    reject(new InterruptedError());
    return promise;
  };
  return Object.assign(own, {
    // biome-ignore lint/suspicious/noThenProperty: a call is there to be awaited, which else would do nothing.
    then: ((onResult, onError) => rest().then(onResult, onError)) satisfies Promise<Result>['then'],
    catch: ((onError) => rest().catch(onError)) satisfies Promise<Result>['catch'],
    finally: ((onEnd) => rest().finally(onEnd)) satisfies Promise<Result>['finally'],
  });
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  return { promise, resolve, reject };
}

/**
 * Runs `work`, which reports through `emit`, as a call whose events are the reports.
 * When the consumer stops early, `work`'s signal is aborted and its end awaited.
 */
export function stream<Event, Result>(
  work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Call<Event, Result> {
  return call(reports(work, signal));
}

async function* reports<Event, Result>(
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
  } catch (error) {
    throw typedLimit(error);
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
