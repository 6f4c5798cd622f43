import { listModels } from '@huggingface/hub';
import { hubClient } from '../../publish/hub-client.js';
import { pagedFetch } from '../../repo/pages.js';
import type { Found } from '../api.js';
import type { Reading } from '../users/reading.js';

/** Suggestions that are shown. */
const MOST = 8;

/** Models whose names have a text, those that are downloaded most first. @throws HubError, InterruptedError */
export async function searchModels(text: string, reading: Reading): Promise<Found[]> {
  if (text.trim() === '') {
    return [];
  }
  const { endpoint, fetch } = hubClient({ ...reading, emit: () => {} });
  const found: Found[] = [];
  const listing = listModels({
    search: { query: text.trim() },
    sort: 'downloads',
    limit: MOST,
    hubUrl: endpoint,
    fetch: pagedFetch(fetch, { endpoint, repo: text, revision: 'main' }),
  });
  for await (const { name, downloads, likes, gated } of listing) {
    found.push({ name, downloads, likes, isGated: gated !== false });
  }
  return found;
}
