import { getEventListeners } from 'node:events';
import { follow } from '#src/repo/follow.js';

test('many requests put one listener on the signal that they share, and end with it', () => {
  const shared = new AbortController();
  const requests = Array.from({ length: 50 }, () => new AbortController());
  const [part] = requests.map((request) => follow(shared.signal, request));
  expect(getEventListeners(shared.signal, 'abort')).toHaveLength(1);
  part?.();
  shared.abort();
  expect(requests.map(({ signal }) => signal.aborted)).toEqual([false, ...Array(49).fill(true)]);
});

test('a signal that is over ends a request at once; none ends it never', () => {
  const [late, alone] = [new AbortController(), new AbortController()];
  follow(AbortSignal.abort(), late);
  follow(undefined, alone);
  expect([late.signal.aborted, alone.signal.aborted]).toEqual([true, false]);
});
