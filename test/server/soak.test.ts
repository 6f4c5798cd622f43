import { soak } from '../soak/soak.js';
import { tempFolder } from '../temp.js';

test('jobs of several users end once each, with their bytes and events, while workers are killed and the server restarts', async () => {
  const options = { jobs: 12, users: 3, workers: 2, killEvery: 1500, restarts: 1 };
  const { faults, kills } = await soak({ folder: tempFolder(), ...options });
  expect(faults).toEqual([]);
  expect(kills).toBeGreaterThan(0);
}, 240_000);
