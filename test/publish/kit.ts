import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HubOptions, type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

/** The token that may write; its parts are as long as those of real ones. */
export const TOKEN = 'hf_WriteTokenOfTheTests0123456789abcd';
/** The repository that is published to. */
export const TO = 'me/Tiny-Verse-2M-GGUF';
export const SOURCE = 'org/Tiny-Verse-2M';

/** A Hub with Tiny-Verse-2M, on which the token's user may write. */
export async function startHubWithTiny(options: HubOptions = {}): Promise<LoopbackHub> {
  const root = tempFolder();
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, SOURCE), { recursive: true });
  const hub = await startHub(root, { tokens: { [TOKEN]: { user: 'me' } }, retryAfter: 0, ...options });
  process.env.HF_ENDPOINT = hub.endpoint;
  return hub;
}

/** The files of a repository's main branch, or of another revision: their bytes by path. */
export async function filesOf(hub: LoopbackHub, repo = TO, revision = 'main'): Promise<Map<string, Buffer>> {
  const commit = await hub.repos.commit(repo, revision);
  return new Map(commit?.files.map(({ path, file }) => [path, readFileSync(file)]));
}
