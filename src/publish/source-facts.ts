import { modelInfo } from '@huggingface/hub';
import { readModelCard } from '../metadata/model-card.js';
import { cardText } from '../metadata/values.js';
import type { YamlMap } from '../metadata/yaml.js';
import { CheckedFetch } from '../repo/checked-fetch.js';
import { hubSettings } from '../repo/hub-settings.js';
import { openRepo } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { DEFAULT_POLICY } from '../repo/retry.js';
import { SmallFiles } from '../repo/small-files.js';
import { type WarningSink, warn } from '../warnings.js';
import type { PublishParams } from './params.js';

/** What a card and a repository's page say of a source. */
export interface SourceFacts {
  /** `org/model`, or a folder's path. */
  readonly id: string;
  readonly repo: Repo;
  readonly card: YamlMap;
  readonly isPrivate: boolean;
  readonly isGated: boolean;
  readonly licences: readonly string[];
}

type Options = Pick<PublishParams, 'token' | 'endpoint' | 'fetch' | 'signal'> & Required<WarningSink>;

/** @throws as `openRepo` */
export async function readSource(source: string, options: Options): Promise<SourceFacts> {
  const repo = await openRepo(source, { ...options, emit: () => {} });
  const card = await readModelCard(new SmallFiles(repo, options.signal), (what) => warn(options, what));
  const { isPrivate, isGated } =
    repo.revision === null ? { isPrivate: false, isGated: false } : await access(repo, options);
  const licences = [card.get('license'), card.get('license_name')].flat().flatMap((value) => cardText(value) ?? []);
  return { id: repo.id, repo, card, isPrivate, isGated, licences };
}

async function access({ id }: Repo, options: Options) {
  const settings = hubSettings(process.env, options);
  if (settings.offline) {
    return { isPrivate: false, isGated: false };
  }
  const { silence = DEFAULT_POLICY.silence, longestWait = DEFAULT_POLICY.longestWait } = settings;
  const checked = new CheckedFetch({
    ...settings,
    fetch: options.fetch ?? fetch,
    policy: { ...DEFAULT_POLICY, silence, longestWait },
  });
  const info = await modelInfo({ name: id, hubUrl: settings.endpoint, fetch: checked.api });
  return { isPrivate: info.private, isGated: info.gated !== false };
}
