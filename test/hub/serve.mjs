// node test/hub/serve.mjs DIR [--fault-every N] [--port N]: serves a folder of repositories until it is interrupted.
import { parseArgs } from 'node:util';
import { startHub } from './server.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'fault-every': { type: 'string', default: '0' }, port: { type: 'string', default: '0' } },
});
const [root] = positionals;
const faultEvery = Number(values['fault-every']);
const port = Number(values.port);
if (positionals.length !== 1 || !root || !Number.isSafeInteger(faultEvery) || !Number.isSafeInteger(port)) {
  console.error('Usage: node test/hub/serve.mjs DIR [--fault-every N] [--port N]');
  process.exit(2);
}
const hub = await startHub(root, { faultEvery, port });
console.log(`HF_ENDPOINT=${hub.endpoint}`);
process.once('SIGINT', () => hub.close());
process.once('SIGTERM', () => hub.close());
