import type { Config, Facts, Known } from '#src/config/config.js';

/** A configuration, and beside it a repository that says nothing. */
export function known(config: Config, facts: Partial<Facts> = {}): Known {
  const none = {
    ...{ denseModules: [], pooling: () => undefined, answer: () => undefined, target: () => ({}) },
    ownTokens: () => undefined,
    ...{ has: () => false, json: () => null },
  };
  return { config, facts: { repoName: 'tiny', readme: null, ...none, ...facts } };
}
