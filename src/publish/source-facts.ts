import type { OpeningEvent } from '../events.js';
import { readModelCard } from '../metadata/model-card.js';
import { cardText } from '../metadata/values.js';
import type { YamlMap } from '../metadata/yaml.js';
import { openRepo } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { SmallFiles } from '../repo/small-files.js';
import { warn } from '../warnings.js';
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

type Options = Pick<PublishParams, 'token' | 'endpoint' | 'cache' | 'fetch' | 'signal'> & {
  emit(event: OpeningEvent): void;
};

/** @throws as `openRepo` */
export async function readSource(source: string, options: Options): Promise<SourceFacts> {
  const repo = await openRepo(source, options);
  const card = await readModelCard(new SmallFiles(repo, options.signal), (what) => warn(options, what));
  const { isPrivate, isGated } = repo.access ?? { isPrivate: false, isGated: false };
  const licences = [card.get('license'), card.get('license_name')].flat().flatMap((value) => cardText(value) ?? []);
  return { id: repo.id, repo, card, isPrivate, isGated, licences };
}
