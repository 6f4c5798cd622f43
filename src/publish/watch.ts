import { setTimeout as sleep } from 'node:timers/promises';
import { listModels, modelInfo } from '@huggingface/hub';
import { type Call, forward, stream } from '../async/stream.js';
import { Hf2ggufError, InterruptedError, ResourceError, UsageError } from '../errors.js';
import type { DoneEvent } from '../events.js';
import { MAX_LISTED_MODELS } from '../limits.js';
import { RefusedAnswer } from '../repo/checked-fetch.js';
import { NetworkError, ReplacedFileError, WrongAnswerError } from '../repo/errors.js';
import { pagedFetch } from '../repo/pages.js';
import { withoutSecrets } from '../secrets.js';
import { type HubClient, hubClient } from './hub-client.js';
import type { PublishEvent, PublishParams } from './params.js';
import { publish } from './publish.js';
import { WatchState } from './watch-state.js';
import { webhooks } from './webhook.js';

/** What `watch` takes: the options of `publish`, which hold for each model. */
export interface WatchParams extends Omit<PublishParams, 'source' | 'to' | 'keep' | 'pr'> {
  /** Owners of models on the Hub: organizations and users. */
  readonly owners: readonly string[];
  /** The owner of the repositories that are made: `org/model` goes to `to/model-GGUF`. */
  readonly to: string;
  /** The file that keeps what was seen. @default 'hf2gguf-watch.json' */
  readonly state?: string;
  /** Look once, and end. @default false */
  readonly once?: boolean;
  /** Seconds between two looks. @default 900 */
  readonly every?: number;
  /** Listen on this port to the Hub's webhooks instead of looking again; HF2GGUF_WEBHOOK_SECRET holds their secret. */
  readonly webhook?: number;
}

/** A model was dealt with: published, found unchanged, or not convertible for the reason given. */
export interface WatchedModel {
  readonly model: string;
  readonly commit: string;
  readonly outcome: 'published' | 'unchanged' | 'refused' | 'later';
  /** Why it was refused, or comes later: a sentence. */
  readonly why?: string;
}

export type WatchEvent =
  | Exclude<PublishEvent, { readonly event: 'done' }>
  | ({ readonly event: 'model' } & WatchedModel)
  | { readonly event: 'sleep'; readonly seconds: number }
  | DoneEvent<WatchResult>;

export interface WatchResult {
  /** Those that had something new. */
  readonly models: readonly WatchedModel[];
}

export class OwnerNameError extends UsageError {}

const DEFAULT_STATE = 'hf2gguf-watch.json';
const DEFAULT_PAUSE = 900;

/**
 * Publishes what is new or changed of some owners' models, one after the other. A model that does not convert is reported
 * once; it is tried again when it changes. What fails for the Hub's or this machine's sake is tried again at the next look.
 * @throws Hf2ggufError where the owners, the state or the port are wrong; errors of models are events
 */
export function watch(params: WatchParams): Call<WatchEvent, WatchResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

type Own = WatchParams & { readonly signal: AbortSignal };
type Emit = (event: WatchEvent) => void;

async function run(params: Own, emit: Emit): Promise<WatchResult> {
  for (const name of [...params.owners, params.to]) {
    if (!/^[A-Za-z0-9_][\w.-]{0,95}$/.test(name)) {
      throw new OwnerNameError(
        `${JSON.stringify(name)} is no name of an owner.`,
        'Give it as on the Hub, such as my-org.',
      );
    }
  }
  const client = hubClient({ ...params, emit });
  const state = await WatchState.read(params.state ?? DEFAULT_STATE);
  const models: WatchedModel[] = [];
  const hooks = params.webhook === undefined ? undefined : await webhooks(params.webhook, params.signal);
  do {
    for (const owner of params.owners) {
      models.push(...(await look(owner, { client, state, params, emit })));
    }
    if (hooks) {
      emit({ event: 'sleep', seconds: Number.POSITIVE_INFINITY });
      await hooks.next(params.owners);
    } else if (!params.once) {
      const seconds = params.every ?? DEFAULT_PAUSE;
      emit({ event: 'sleep', seconds });
      await sleep(seconds * 1000, undefined, { signal: params.signal }).catch(() => {
        throw new InterruptedError();
      });
    }
  } while (!params.once);
  const result = { models };
  emit({ event: 'done', result });
  return result;
}

interface Watch {
  readonly client: HubClient;
  readonly state: WatchState;
  readonly params: Own;
  readonly emit: Emit;
}

interface Listed {
  readonly model: string;
  readonly commit: string;
  readonly changed: string;
}

/** Deals with all models of an owner that have changed since the last look, the oldest change first. */
async function look(owner: string, watch: Watch): Promise<WatchedModel[]> {
  const { state, emit } = watch;
  const dealt: WatchedModel[] = [];
  let isWhole = true;
  for (const { model, commit, changed } of await changedModels(owner, watch)) {
    if (state.models.get(model)?.commit !== commit) {
      const outcome = await deal(model, commit, watch);
      dealt.push(outcome);
      emit({ event: 'model', ...outcome });
      if (outcome.outcome === 'later') {
        isWhole = false;
      } else {
        // One that was renamed since it was listed is listed by its new name next time.
        for (const name of [model, outcome.model]) {
          state.models.set(name, { commit, why: outcome.why ?? null });
        }
      }
    }
    // A model that comes later keeps the look's beginning before it.
    if (isWhole) {
      state.seen.set(owner, changed);
    }
    await state.write();
  }
  return dealt;
}

/** Those that changed at or after what was seen: two may have changed in the same moment. */
async function changedModels(owner: string, { client, state }: Watch): Promise<Listed[]> {
  const seen = state.seen.get(owner) ?? '';
  const found: Listed[] = [];
  const listing = listModels({
    search: { owner },
    sort: 'lastModified',
    additionalFields: ['sha'],
    hubUrl: client.endpoint,
    fetch: pagedFetch(client.fetch, { endpoint: client.endpoint, repo: owner, revision: 'main' }),
  });
  for await (const { name, sha, updatedAt } of listing) {
    const changed = Number.isNaN(updatedAt.getTime()) ? '' : updatedAt.toISOString();
    if (changed < seen || found.length >= MAX_LISTED_MODELS) {
      break;
    }
    found.push({ model: name, commit: String(sha), changed });
  }
  return found.reverse();
}

async function deal(listed: string, commit: string, { client, params, emit }: Watch): Promise<WatchedModel> {
  const { owners: _, to, state: __, once: ___, every: ____, webhook: _____, ...options } = params;
  let model = listed;
  try {
    model = await nameNow(listed, client);
    const repository = `${to}/${model.slice(model.indexOf('/') + 1)}-GGUF`;
    const call = publish({ ...options, source: `${model}@${commit}`, to: repository });
    const result = await forward(call, (event) => event.event !== 'done' && emit(event));
    return { model, commit, outcome: result.commit === null ? 'unchanged' : 'published' };
  } catch (error) {
    if (!(error instanceof Hf2ggufError) || error instanceof InterruptedError) {
      throw error;
    }
    const why = withoutSecrets(error.what);
    return { model, commit, outcome: PASSING.some((kind) => error instanceof kind) ? 'later' : 'refused', why };
  }
}

/** The name of a model that may have been renamed; publishing says what is wrong with one that the Hub refuses. */
async function nameNow(model: string, { endpoint, fetch }: HubClient): Promise<string> {
  try {
    return (await modelInfo({ name: model, hubUrl: endpoint, fetch })).name;
  } catch (error) {
    if (error instanceof RefusedAnswer) {
      return model;
    }
    throw error;
  }
}

/** Failures that may be over at the next look: of the Hub, the line, or this machine. */
const PASSING = [NetworkError, WrongAnswerError, ReplacedFileError, ResourceError];
