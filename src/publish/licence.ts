import { GateError } from '../errors.js';
import type { SourceFacts } from './source-facts.js';

/** The source's terms don't let everyone have it, and the repository would be open to everyone. */
export class LicenceError extends GateError {}

/**
 * Names of licences, as model cards have them, that restrict who may pass a model on, or what for. `other` stands for terms
 * of its own that only a person can read.
 */
const RESTRICTED =
  /^(other|unknown|llama\S*|gemma|.*-n[cd](-.*)?|.*research.*|.*non-?commercial.*|apple-\S*|deepfloyd\S*|.*-community\S*)$/i;

/** Why a source is not to be published openly without saying so; null where nothing speaks against it. */
export function restrictionOf({ id, isPrivate, isGated, licences }: SourceFacts): string | null {
  if (isPrivate) {
    return `${id} is private.`;
  }
  if (isGated) {
    return `${id} is gated: its owners ask who wants to have it.`;
  }
  const restricted = licences.find((licence) => RESTRICTED.test(licence));
  return restricted === undefined
    ? null
    : `${id} is under the licence "${restricted}", which may restrict who passes it on.`;
}

/** @throws LicenceError */
export function refuseRestricted(source: SourceFacts, isAllowed: boolean): void {
  const why = isAllowed ? null : restrictionOf(source);
  if (why !== null) {
    throw new LicenceError(why, 'Publish with --private, or with --accept-licence once you know that you may.');
  }
}
