import { join } from 'node:path';
import { tempFolder } from '../temp.js';
import { describePlaces, hubRound } from './hub-round.js';

/** `npm run fuzz:hub` has the long form. */
const SEED = 1;
const ROUNDS = 15;

test('conversions over a Hub that misbehaves end well or in an error of their own', async () => {
  const folder = tempFolder();
  const codes = new Set<number | null>();
  let next = 0;
  const work = async () => {
    for (let round = next++; round < ROUNDS; round = next++) {
      const { places, code, findings } = await hubRound(SEED, round, join(folder, String(round)));
      expect([round, describePlaces(places), findings]).toEqual([round, describePlaces(places), []]);
      codes.add(code);
    }
  };
  await Promise.all([work(), work()]);
  expect(codes).toEqual(new Set([0, 5]));
});
