import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { type ExitCode, Hf2ggufError } from '../errors.js';
import { packageVersion } from '../output/version.js';
import { parseFileType } from '../quantize/file-types.js';
import { RepoNotFoundError } from '../repo/errors.js';
import { withoutSecrets } from '../secrets.js';
import { AnswerCache } from './answer-cache.js';
import {
  type Failure,
  type Job,
  jobRequest,
  job as jobView,
  planRequest,
  type Session,
  searchRequest,
  sessionRequest,
} from './api.js';
import { rangeOf } from './byte-range.js';
import type { EventStreams } from './event-streams.js';
import { measureOrder, planModel } from './model-plan.js';
import { Metrics } from './observe.js';
import { openApi } from './open-api.js';
import { headersOf, PICTURE, refuseForeign } from './origin.js';
import type { Queue, StoredJob, Work } from './queue.js';
import { searchModels } from './search.js';
import type { Sessions } from './sessions.js';
import { jobFolder } from './worker.js';

export interface AppOptions {
  readonly queue: Queue;
  /** Where the files of jobs are. */
  readonly folder: string;
  /** Where the built page is. */
  readonly page: string;
  readonly streams: EventStreams;
  readonly log: Logger;
  readonly sessions: Sessions;
  /** Whether the server listens for this machine alone. */
  readonly isLoopback: boolean;
  readonly endpoint?: string;
}

/** Jobs that one user may have at a time. */
const MAX_OPEN_JOBS = 20;
const MAX_BODY = 2 ** 16;
/** What goes with a request: its user's name. */
type Env = { Variables: { user: string } };

/** An answer that says what is wrong. */
class Refusal extends Error {
  constructor(
    readonly status: ContentfulStatusCode,
    readonly failure: Failure,
  ) {
    super(failure.what);
  }
}

/** Families of errors by their exit code: the caller's turn, the model's, the Hub's, this machine's. */
const STATUS: Partial<Record<ExitCode, ContentfulStatusCode>> = { 2: 400, 3: 422, 4: 422, 5: 502, 6: 507 };

/** The HTTP interface and the page. Requests are held against the schemas of api.ts. */
export function makeApp(options: AppOptions): Hono<Env> {
  const { queue, streams, sessions } = options;
  // Users who log in see what everybody may see; the token of this machine is its own user's.
  const reading = { ...options, isPublic: sessions.isNeeded };
  const plans = new AnswerCache((source) => planModel(source, reading));
  const app = new Hono<Env>();
  const metrics = new Metrics(queue, streams);
  app.use(metrics.observe(options.log));
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(headersOf(context.res))) {
      context.res.headers.set(name, value);
    }
  });
  app.use(refuseForeign(options.isLoopback));
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: () => refuse(413, 'The request is too large.') }));
  app.onError((error, context) => {
    const [status, failure] = inWords(error);
    if (status === 500) {
      options.log.error({ stack: withoutSecrets(error.stack ?? '') }, 'a bug');
    }
    return context.json(failure, status);
  });
  app.notFound((context) => context.json({ what: 'There is nothing at this address.' }, 404));

  const view = async (job: StoredJob): Promise<Job> => {
    const place = job.state === 'queued' ? await queue.place(job.id) : null;
    return v.parse(jobView, { ...job, place });
  };
  const owned = async (context: Context<Env>): Promise<StoredJob> => {
    const id = context.req.param('id') ?? '';
    const job = (await queue.isOwner(id, context.get('user'))) ? await queue.get(id) : null;
    return job ?? refuse(404, 'There is no such job.', 'It may have been removed; start it again.');
  };

  const sessionView = (isOpen: boolean): Session => {
    return { isNeeded: sessions.isNeeded, isOpen, mayPublish: !sessions.isNeeded };
  };

  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/metrics', async (context) => context.text(await metrics.text()));
  app.get('/openapi.json', (context) => context.json(openApi()));
  app.get('/api/session', async (context) => {
    return context.json(sessionView((await sessions.user(context)) !== null));
  });
  app.post('/api/session', async (context) => {
    const { token } = checked(sessionRequest, await body(context));
    return (await sessions.begin(context, token))
      ? context.json(sessionView(true))
      : refuse(401, 'This is not the token of this server.', 'Ask whoever runs it.');
  });
  app.post('/api/session/end', (context) => {
    sessions.end(context);
    return context.json(sessionView(!sessions.isNeeded));
  });
  app.use('/api/*', async (context, next) => {
    const user = await sessions.user(context);
    context.set('user', user ?? refuse(401, 'You are not logged in.', 'Log in with the token of this server.'));
    return next();
  });
  app.get('/api/models', async (context) => {
    const { q } = checked(searchRequest, context.req.query());
    return context.json(await searchModels(q, { ...reading, signal: context.req.raw.signal }));
  });
  app.post('/api/plans', async (context) => {
    const { source } = checked(planRequest, await body(context));
    return context.json(await plans.get(source));
  });
  app.post('/api/jobs', async (context) => {
    const { source, quant, check, publish = null } = checked(jobRequest, await body(context));
    if (publish !== null && !sessionView(true).mayPublish) {
      refuse(
        403,
        'This server publishes nothing for users who log in.',
        'Download the files, and publish them yourself.',
      );
    }
    const types = [...new Set(quant.map((name) => parseFileType(name) ?? refuse(400, `${name} is no type.`)))].sort();
    const owner = context.get('user');
    if ((await queue.open(owner)).jobs >= MAX_OPEN_JOBS) {
      refuse(429, `There are ${MAX_OPEN_JOBS} jobs of yours already.`, 'Wait until one has ended, or cancel one.');
    }
    const { isPublic } = reading;
    const work = {
      ...{ version: packageVersion(), ...(await measureOrder(source, types, reading)) },
      ...{ quant: types, splitMaxSize: null, check, isPublic, user: null, publish },
    };
    const key = createHash('sha256').update(JSON.stringify(work)).digest('hex');
    const from = publish && (await queue.list(owner)).find((job) => hasMade(job, work));
    const { job, isNew } = await queue.submit({
      ...work,
      ...(from ? { from: from.id, size: 0 } : { from: null }),
      ...{ owner, key, parts: [] },
    });
    return context.json(await view(job), isNew ? 201 : 200);
  });
  app.get('/api/jobs', async (context) => {
    const jobs = await queue.list(context.get('user'));
    return context.json(await Promise.all(jobs.map(view)));
  });
  app.get('/api/jobs/:id', async (context) => context.json(await view(await owned(context))));
  app.post('/api/jobs/:id/cancel', async (context) => {
    const { id } = await owned(context);
    await queue.cancel(id);
    return context.json(await view(await owned(context)));
  });
  app.get('/api/jobs/:id/events', async (context) => {
    const { id } = await owned(context);
    const after = Number(context.req.header('last-event-id') ?? context.req.query('after') ?? 0);
    return streams.open(context, id, Number.isSafeInteger(after) ? after : 0, async () => {
      const job = await queue.get(id);
      return job && view(job);
    });
  });
  app.get('/api/jobs/:id/files/:name', async (context) => {
    const { id, files, quality } = await owned(context);
    const names = [...files.map(({ name }) => name), ...(quality ? [quality.plot] : [])];
    const name = names.find((own) => own === context.req.param('name'));
    return name ? sendFile(context, join(jobFolder(options.folder, id), name)) : context.notFound();
  });

  app.get('/:name{[a-z-]*\\.?(?:html|js|css|svg)?}', async (context) => {
    const name = context.req.param('name') || 'index.html';
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    const bytes = type && (await readFile(join(options.page, name)).catch(() => null));
    return bytes ? context.body(bytes, 200, { 'content-type': type }) : context.notFound();
  });
  return app;
}

/** What decides the bytes of files. */
const OF_FILES = ['version', 'source', 'commit', 'quant', 'splitMaxSize'] as const;

/** Whether a job has made the files that another one is to publish. */
function hasMade(job: StoredJob, work: Pick<Work, (typeof OF_FILES)[number]>): boolean {
  return job.state === 'done' && OF_FILES.every((name) => JSON.stringify(job[name]) === JSON.stringify(work[name]));
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: PICTURE,
};

function refuse(status: ContentfulStatusCode, what: string, next?: string): never {
  throw new Refusal(status, { what, ...(next !== undefined && { next }) });
}

function inWords(error: Error): readonly [ContentfulStatusCode, Failure] {
  if (error instanceof Refusal) {
    return [error.status, error.failure];
  }
  if (error instanceof Hf2ggufError) {
    // The library's advice is about folders, too, which are no sources here.
    const next = error instanceof RepoNotFoundError ? 'Check the name.' : error.next;
    return [STATUS[error.exitCode] ?? 500, { what: error.what, next }];
  }
  return [500, { what: 'A bug stopped this request.', next: 'Please report it, with what you asked for.' }];
}

async function body(context: Context): Promise<unknown> {
  if (!/^application\/json\b/.test(context.req.header('content-type') ?? '')) {
    refuse(415, 'The request is no JSON.', 'Send it with the content type application/json.');
  }
  return context.req.json().catch(() => refuse(400, 'The request is no JSON.', 'Send an object of JSON.'));
}

function checked<const Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const where = v.getDotPath(issue);
    refuse(400, `${where === null ? 'The request' : where} is not as it should be: ${issue.message}.`);
  }
  return parsed.output;
}

async function sendFile(context: Context, path: string): Promise<Response> {
  const { size } = await stat(path);
  const range = rangeOf(context.req.header('range'), size);
  const headers = {
    'content-type': path.endsWith('.svg') ? PICTURE : 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(basename(path))}`,
    'accept-ranges': 'bytes',
  };
  if (range === 'none') {
    return context.body(null, 416, { ...headers, 'content-range': `bytes */${size}` });
  }
  const [start, end] = range ?? [0, size - 1];
  const stream = Readable.toWeb(createReadStream(path, { start, end })) as ReadableStream;
  const length = { 'content-length': String(end - start + 1) };
  return range
    ? context.body(stream, 206, { ...headers, ...length, 'content-range': `bytes ${start}-${end}/${size}` })
    : context.body(stream, 200, { ...headers, ...length });
}
