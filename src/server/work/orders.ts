import { createHash } from 'node:crypto';
import { packageVersion } from '../../output/version.js';
import { parseFileType } from '../../quantize/file-types.js';
import type { JobRequest } from '../api.js';
import { refuse } from '../http/refusal.js';
import { partsOf, sizeOf } from '../queue/parts.js';
import type { Queue, StoredJob, Work } from '../queue/queue.js';
import type { LocalSources } from '../users/local-sources.js';
import { type Access, asEither, type Reader, readAs } from '../users/reading.js';
import type { User } from '../users/sessions.js';
import { measureOrder } from './model-plan.js';

/** What one user may have at a time of jobs that wait or run. */
export interface UserLimits {
  readonly jobs: number;
  /** Bytes of the files that they make. */
  readonly size: number;
}

export interface OrdersOptions {
  readonly queue: Queue;
  readonly access: Access;
  readonly local: LocalSources;
  readonly limits: UserLimits;
  /** Bytes of files from which on workers share an order. */
  readonly shareFrom: number;
}

/** Requests for jobs, held against what their users may have, and put into the queue. */
export class Orders {
  /** One order after the other, so that none is above the limit that another one has reached. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param everybody as whom models are read that everybody may read. */
  constructor(
    readonly options: OrdersOptions,
    readonly everybody: Reader,
  ) {}

  /** @throws Refusal, LogInOverError, and as `plan` */
  async submit(user: User, request: JobRequest): Promise<{ readonly job: StoredJob; readonly isNew: boolean }> {
    const { queue, access, local, shareFrom } = this.options;
    const { source, check, splitMaxSize = null, publish = null } = request;
    if (publish !== null && !user.mayPublish) {
      refuse(403, 'There is no token of yours that may publish.', 'Download the files, and publish them yourself.');
    }
    const types = request.quant.map((name) => parseFileType(name) ?? refuse(400, `${name} is no type.`));
    const asked = { quant: [...new Set(types)].sort(), splitMaxSize };
    await this.#checkLimits(user.id, 0);
    const { files, ...measured } = await asEither(user, this.everybody, async (reader) => {
      return { ...(await measureOrder(source, asked, local, await readAs(reader, access))), ...reader };
    });
    // Who publishes does so with a token of their own, with which the model is read, too.
    const as = publish !== null && user.hasToken ? { user: user.id } : {};
    const work = { version: packageVersion(), ...measured, ...asked, check, ...as, publish };
    const key = createHash('sha256').update(JSON.stringify(work)).digest('hex');
    const from = publish && (await queue.list(user.id)).find((job) => hasMade(job, work));
    const made = from ? { from: from.id, size: 0 } : { from: null, size: sizeOf(files) };
    // One worker measures all files, and one makes the commit that publishes them.
    const isShared = publish === null && !check && made.size >= shareFrom;
    return this.#inTurn(async () => {
      await this.#checkLimits(user.id, made.size);
      return queue.submit({ ...work, ...made, owner: user.id, key, parts: isShared ? partsOf(files) : [] });
    });
  }

  /** Refuses an order that would be more than its user may have. */
  async #checkLimits(owner: string, size: number): Promise<void> {
    const { queue, limits } = this.options;
    const open = await queue.open(owner);
    if (open.jobs >= limits.jobs) {
      refuse(429, `There are ${limits.jobs} jobs of yours already.`, 'Wait until one has ended, or cancel one.');
    }
    if (open.bytes + size > limits.size) {
      const most = `${Math.floor(limits.size / 1e6)} MB`;
      refuse(429, `The files of your jobs would be larger than ${most} together.`, 'Wait until one has ended.');
    }
  }

  #inTurn<Answer>(action: () => Promise<Answer>): Promise<Answer> {
    const answer = this.#last.then(action);
    this.#last = answer.catch(() => {});
    return answer;
  }
}

/** What decides the bytes of a job's files. */
const OF_FILES = ['version', 'source', 'commit', 'quant', 'splitMaxSize'] as const;

/** Whether a job has made the files that another one is to publish. */
function hasMade(job: StoredJob, work: Pick<Work, (typeof OF_FILES)[number]>): boolean {
  return job.state === 'done' && OF_FILES.every((name) => JSON.stringify(job[name]) === JSON.stringify(work[name]));
}
