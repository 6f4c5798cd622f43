import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { type ExitCode, Hf2ggufError } from '../../errors.js';
import { RepoNotFoundError } from '../../repo/errors.js';
import { withoutSecrets } from '../../secrets.js';
import {
  type Failure,
  type Job,
  jobRequest,
  job as jobView,
  planRequest,
  type Session,
  searchRequest,
  sessionRequest,
} from '../api.js';
import { LogInOverError } from '../errors.js';
import type { Queue, StoredJob } from '../queue/queue.js';
import type { LocalSources } from '../users/local-sources.js';
import { type Access, asEither, type Reader, readAs } from '../users/reading.js';
import type { Sessions, User } from '../users/sessions.js';
import { jobFolder } from '../work/make-files.js';
import { planModel } from '../work/model-plan.js';
import { Orders, type UserLimits } from '../work/orders.js';
import { AnswerCache } from './answer-cache.js';
import { rangeOf } from './byte-range.js';
import type { EventStreams } from './event-streams.js';
import { Metrics } from './observe.js';
import { openApi } from './open-api.js';
import { headersOf, PICTURE, refuseForeign } from './origin.js';
import { Refusal, refuse } from './refusal.js';
import { searchModels } from './search.js';

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
  /** What the Hub is read with. */
  readonly access: Access;
  /** Folders of this machine that users may convert. */
  readonly local: LocalSources;
  readonly limits: UserLimits;
  /** Bytes of files from which on workers share an order. */
  readonly shareFrom: number;
}

const MAX_BODY = 2 ** 16;
/** What goes with a request: its user. */
type Env = { Variables: { user: User } };

/** Families of errors by their exit code: the caller's turn, the model's, the Hub's, this machine's. */
const STATUS: Partial<Record<ExitCode, ContentfulStatusCode>> = { 2: 400, 3: 422, 4: 422, 5: 502, 6: 507 };

/** The HTTP interface and the page. Requests are held against the schemas of api.ts. */
export function makeApp(options: AppOptions): Hono<Env> {
  const { queue, streams, sessions, access, local } = options;
  const { logIn } = sessions;
  // Users who log in see what everybody may see, or what they may with their own token; that of this machine is its owner's.
  const everybody: Reader = { isPublic: sessions.isNeeded, user: null };
  const plans = new AnswerCache(async (question) => {
    const { source, ...reader } = JSON.parse(question) as Reader & { readonly source: string };
    return planModel(source, local, await readAs(reader, access));
  });
  const orders = new Orders(options, everybody);
  const app = new Hono<Env>();
  const metrics = new Metrics(queue, streams);
  app.use(metrics.observe(options.log));
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(headersOf(context.res))) {
      context.res.headers.set(name, value);
    }
  });
  app.use(refuseForeign(options.isLoopback, sessions.publicUrl));
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: () => refuse(413, 'The request is too large.') }));
  app.onError((error, context) => {
    const [status, { what, next }] = inWords(error);
    const failure = { what: local.named(what), ...(next !== undefined && { next: local.named(next) }) };
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
    const job = (await queue.isOwner(id, context.get('user').id)) ? await queue.get(id) : null;
    return job ?? refuse(404, 'There is no such job.', 'It may have been removed; start it again.');
  };

  const sessionView = (user: User | null): Session => {
    const { how, isNeeded } = sessions;
    return { how, isNeeded, isOpen: user !== null, mayPublish: user?.mayPublish ?? false, name: user?.name ?? null };
  };

  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/metrics', async (context) => context.text(await metrics.text()));
  app.get('/openapi.json', (context) => context.json(openApi()));
  app.get('/api/session', async (context) => {
    return context.json(sessionView(await sessions.user(context)));
  });
  app.post('/api/session', async (context) => {
    const { token } = checked(sessionRequest, await body(context));
    const user = await sessions.begin(context, token);
    return context.json(
      sessionView(user ?? refuse(401, 'This is not the token of this server.', 'Ask whoever runs it.')),
    );
  });
  app.post('/api/session/end', async (context) => {
    await sessions.end(context);
    return context.json(sessionView(sessions.isNeeded ? null : await sessions.user(context)));
  });
  if (logIn.how === 'huggingface') {
    const { hub, tokens } = logIn;
    app.get('/login', async (context) => context.redirect(await sessions.beginAtHub(context, hub)));
    app.get('/login/callback', async (context) => {
      return (await sessions.endAtHub(context, hub, tokens))
        ? context.redirect('/')
        : refuse(403, 'This log-in was not begun here, or too long ago.', 'Log in again.');
    });
  }
  app.use('/api/*', async (context, next) => {
    const user = await sessions.user(context);
    context.set('user', user ?? refuse(401, 'You are not logged in, or not any more.', 'Log in, then try again.'));
    return next();
  });
  app.get('/api/models', async (context) => {
    const { q } = checked(searchRequest, context.req.query());
    const reading = await readAs(everybody, access);
    return context.json(await searchModels(q, { ...reading, signal: context.req.raw.signal }));
  });
  app.post('/api/plans', async (context) => {
    const { source } = checked(planRequest, await body(context));
    const ask = (reader: Reader) => plans.get(JSON.stringify({ source, ...reader }));
    return context.json(await asEither(context.get('user'), everybody, ask));
  });
  app.post('/api/jobs', async (context) => {
    const request = checked(jobRequest, await body(context));
    const { job, isNew } = await orders.submit(context.get('user'), request);
    return context.json(await view(job), isNew ? 201 : 200);
  });
  app.get('/api/jobs', async (context) => {
    const jobs = await queue.list(context.get('user').id);
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
    const user = context.get('user').id;
    if (streams.isFull(user)) {
      refuse(429, 'You follow too many jobs at once.', 'Close some of the pages of this server.');
    }
    return streams.open(context, id, Number.isSafeInteger(after) ? after : 0, user, async () => {
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

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: PICTURE,
};

function inWords(error: Error): readonly [ContentfulStatusCode, Failure] {
  if (error instanceof Refusal) {
    return [error.status, error.failure];
  }
  if (error instanceof LogInOverError) {
    return [401, { what: error.what, next: error.next }];
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
