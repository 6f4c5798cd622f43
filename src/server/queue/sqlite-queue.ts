import { randomBytes } from 'node:crypto';
import Database from 'libsql';
import { JOB_STATES, type JobEvent, type JobState } from '../api.js';
import type { End, Limits, OpenJobs, Order, Queue, StoredEvent, StoredJob, Work } from './queue.js';

/** Milliseconds that a process waits for another one's transaction. */
const PATIENCE = 10_000;

const SCHEMA = `
  create table if not exists jobs (
    id text primary key, parent text, key text not null, work text not null, size integer not null, state text not null,
    created integer not null, ended integer, files text not null default '[]', quality text, url text, failure text,
    worker text, lease integer, wanted integer not null default 1, attempts integer not null default 0,
    due integer not null default 0, is_shared integer not null default 0
  );
  create unique index if not exists jobs_key on jobs (key) where state in ('queued', 'running', 'done');
  create index if not exists jobs_state on jobs (state);
  create index if not exists jobs_parent on jobs (parent);
  create table if not exists owners (
    job text not null, owner text not null, at integer not null, primary key (job, owner)
  );
  create index if not exists owners_owner on owners (owner, at);
  create table if not exists events (id integer primary key autoincrement, job text not null, kind text not null,
    text text not null);
  create index if not exists events_job on events (job, id);
`;

/**
 * What waits for a worker, by turns: first of whoever has the fewest running, then what waits longest. Parts have the owner
 * of their job, and take the room of all that wait.
 */
const IN_TURN = `
  select id, coalesce(parent, id) as whole, coalesce(running, 0) as running,
    sum(size) over (partition by coalesce(parent, id)) as size
  from jobs
  join (select job, min(owner) as owner from owners group by job) as first on first.job = coalesce(parent, id)
  left join (
    select owner, count(*) as running from jobs join owners on owners.job = coalesce(parent, id)
    where state = 'running' and not is_shared group by owner
  ) as busy using (owner)
  where state = 'queued' and due <= ? and not is_shared
  order by coalesce(running, 0), row_number() over (partition by owner order by created, jobs.rowid), created, jobs.rowid`;

const COLUMNS = 'id, parent, work, size, state, created, ended, attempts, files, quality, url, failure';

interface Turn {
  readonly id: string;
  /** The job that it is, or is a part of. */
  readonly whole: string;
  readonly size: number;
  /** How many jobs of its owner run. */
  readonly running: number;
}

interface Row {
  readonly id: string;
  readonly parent: string | null;
  readonly work: string;
  readonly size: number;
  readonly state: JobState;
  readonly created: number;
  readonly ended: number | null;
  readonly attempts: number;
  readonly files: string;
  readonly quality: string | null;
  readonly url: string | null;
  readonly failure: string | null;
}

/** The queue in a file of SQLite's, which several processes of one machine open at once. */
export class SqliteQueue implements Queue {
  readonly #db: Database.Database;

  constructor(path: string) {
    this.#db = new Database(path, { timeout: PATIENCE });
    this.#db.exec(`pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = ${PATIENCE}`);
    this.#db.exec(SCHEMA);
  }

  async submit({ owner, key, size, parts, ...work }: Order): Promise<{ job: StoredJob; isNew: boolean }> {
    return this.#change(() => {
      const same = this.#one<{ id: string }>(
        `select id from jobs where key = ? and state in ('queued', 'running', 'done')`,
        key,
      );
      const id = same?.id ?? randomBytes(12).toString('hex');
      const now = Date.now();
      if (!same) {
        const add = (own: string, parent: string | null, more: Shared, bytes: number) => {
          this.#run(
            `insert into jobs (id, parent, key, work, size, state, created, is_shared) values (?, ?, ?, ?, ?, 'queued', ?, ?)`,
            ...[own, parent, parent === null ? key : own, JSON.stringify({ ...work, ...more }), bytes, now],
            more.parts.length > 0 ? 1 : 0,
          );
        };
        add(id, null, { parts, part: null }, size);
        for (const [index, part] of parts.entries()) {
          add(`${id}.${index}`, id, { parts: [], part: part.files }, part.size);
        }
        this.#tell(id);
      }
      this.#run('insert or replace into owners (job, owner, at) values (?, ?, ?)', id, owner, now);
      return { job: this.#get(id) as StoredJob, isNew: !same };
    });
  }

  async get(id: string): Promise<StoredJob | null> {
    return this.#get(id);
  }

  async list(owner: string): Promise<StoredJob[]> {
    const names = COLUMNS.replaceAll(/\w+/g, 'jobs.$&');
    const sql = `select ${names} from jobs join owners on owners.job = jobs.id where owner = ? order by at desc limit 200`;
    return this.#all<Row>(sql, owner).map(jobOf);
  }

  async isOwner(id: string, owner: string): Promise<boolean> {
    return this.#one('select 1 from owners where job = ? and owner = ?', id, owner) !== undefined;
  }

  async place(id: string): Promise<number | null> {
    const wholes = [...new Set(this.#all<Turn>(IN_TURN, ALWAYS).map(({ whole }) => whole))];
    const at = wholes.indexOf(id);
    return at < 0 ? null : at;
  }

  async open(owner: string): Promise<OpenJobs> {
    const sql = `select count(*) as jobs, coalesce(sum(size), 0) as bytes from jobs join owners on owners.job = jobs.id
      where owner = ? and state in ('queued', 'running')`;
    const { jobs = 0, bytes = 0 } = this.#one<OpenJobs>(sql, owner) ?? {};
    return { jobs, bytes };
  }

  async cancel(id: string): Promise<void> {
    this.#change(() => {
      if (this.#stop('(id = ? or parent = ?) and not is_shared', id, id) > 0) {
        this.#moved(id);
      }
    });
  }

  async claim(worker: string, lease: number, { room, perUser = ALWAYS }: Limits): Promise<StoredJob | null> {
    // Workers ask often, and a look disturbs nobody, as a transaction that may write does.
    if (!this.#one(`select 1 from jobs where state in ('queued', 'running') limit 1`)) {
      return null;
    }
    return this.#change(() => {
      const now = Date.now();
      const lost = this.#all<{ id: string }>(`select id from jobs where state = 'running' and lease < ?`, now);
      for (const { id } of lost) {
        this.#requeue(id);
      }
      const next = this.#all<Turn>(IN_TURN, now).find(({ size, running }) => {
        return size <= room && running < perUser;
      });
      if (!next) {
        return null;
      }
      this.#run(
        `update jobs set state = 'running', worker = ?, lease = ?, attempts = attempts + 1 where id = ?`,
        ...[worker, now + lease, next.id],
      );
      this.#moved(next.id);
      return this.#get(next.id);
    });
  }

  async renew(id: string, worker: string, lease: number): Promise<'go on' | 'cancelled' | 'lost'> {
    const until = Date.now() + lease;
    const { changes } = this.#run(`update jobs set lease = ? where ${HELD}`, until, id, worker);
    const { wanted } = this.#one<{ wanted: number }>(`select wanted from jobs where ${HELD}`, id, worker) ?? {};
    return changes === 0 ? 'lost' : wanted === 0 ? 'cancelled' : 'go on';
  }

  async release(id: string, worker: string, pause = 0): Promise<void> {
    this.#change(() => {
      if (this.#isHeld(id, worker)) {
        this.#run('update jobs set due = ? where id = ?', pause > 0 ? Date.now() + pause : 0, id);
        this.#requeue(id);
      }
    });
  }

  async append(id: string, worker: string, events: readonly JobEvent[]): Promise<void> {
    this.#change(() => {
      if (this.#isHeld(id, worker)) {
        for (const event of events) {
          this.#tell(id, event);
        }
      }
    });
  }

  async finish(id: string, worker: string, end: End): Promise<void> {
    this.#change(() => {
      if (this.#isHeld(id, worker)) {
        this.#end(id, end);
        this.#moved(id);
      }
    });
  }

  async eventsOf(id: string, after: number): Promise<StoredEvent[]> {
    return this.#all<StoredEvent>(
      'select id, job, kind, text from events where job = ? and id > ? order by id',
      id,
      after,
    );
  }

  async eventsAfter(after: number): Promise<StoredEvent[]> {
    return this.#all<StoredEvent>('select id, job, kind, text from events where id > ? order by id limit 10000', after);
  }

  async lastEvent(): Promise<number> {
    return this.#one<{ id: number | null }>('select max(id) as id from events')?.id ?? 0;
  }

  async expire(before: number): Promise<string[]> {
    return this.#change(() => {
      const ended = 'select id from jobs where ended < ? and parent is null';
      const ids = this.#all<{ id: string }>(ended, before).map(({ id }) => id);
      for (const id of ids) {
        this.#run('delete from events where job = ?', id);
        this.#run('delete from owners where job = ?', id);
        this.#run('delete from jobs where id = ? or parent = ?', id, id);
      }
      return ids;
    });
  }

  async counts(): Promise<Record<JobState, number>> {
    const rows = this.#all<{ state: JobState; count: number }>(
      'select state, count(*) as count from jobs where parent is null group by state',
    );
    const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>;
    for (const { state, count } of rows) {
      counts[state] = count;
    }
    return counts;
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  #get(id: string): StoredJob | null {
    const row = this.#one<Row>(`select ${COLUMNS} from jobs where id = ?`, id);
    return row ? jobOf(row) : null;
  }

  #isHeld(id: string, worker: string): boolean {
    return this.#one(`select 1 from jobs where ${HELD}`, id, worker) !== undefined;
  }

  /** A job that nobody wants any more ends, any other waits again. */
  #requeue(id: string): void {
    this.#run(
      `update jobs set state = iif(wanted, 'queued', 'cancelled'), ended = iif(wanted, null, ?), worker = null, lease = null
       where id = ?`,
      ...[Date.now(), id],
    );
    this.#moved(id);
  }

  /** What waits is cancelled, what runs is not wanted any more. @returns how many waited */
  #stop(which: string, ...values: readonly string[]): number {
    this.#run(`update jobs set wanted = 0 where state = 'running' and ${which}`, ...values);
    const end = `update jobs set state = 'cancelled', ended = ? where state = 'queued' and ${which}`;
    return this.#run(end, Date.now(), ...values).changes;
  }

  #end(id: string, end: End): void {
    const { files, quality, url } = end.state === 'done' ? end : { files: [], quality: null, url: null };
    const failure = end.state === 'failed' ? JSON.stringify(end.failure) : null;
    this.#run(
      `update jobs set state = ?, ended = ?, files = ?, quality = ?, url = ?, failure = ?, worker = null, lease = null
       where id = ?`,
      ...[end.state, Date.now(), JSON.stringify(files), quality && JSON.stringify(quality), url, failure, id],
    );
    // How far it was at which moment is of no use to anybody any more.
    this.#run(`delete from events where job = ? and kind = 'progress'`, id);
  }

  /** A job has come to another state: who follows it hears of that; of a part the whole job has the state that follows. */
  #moved(id: string): void {
    const job = this.#get(id);
    if (job && job.parent === null && job.parts.length === 0) {
      this.#tell(id);
    } else if (job) {
      this.#settle(job.parent ?? id);
    }
  }

  /** Gives a shared job the state that follows from those of its parts. */
  #settle(id: string): void {
    const parts = () => this.#all<Row>(`select ${COLUMNS} from jobs where parent = ? order by rowid`, id).map(jobOf);
    const failed = parts().find(({ state }) => state === 'failed');
    if (failed) {
      this.#stop('parent = ?', id);
    }
    const now = parts();
    if (now.some(({ state }) => state === 'queued' || state === 'running')) {
      const hasBegun = now.some(({ state }) => state !== 'queued');
      const begin = `update jobs set state = 'running' where id = ? and state = 'queued'`;
      if (!hasBegun || this.#run(begin, id).changes === 0) {
        return;
      }
    } else if (failed?.failure) {
      this.#end(id, { state: 'failed', failure: failed.failure });
    } else if (now.every(({ state }) => state === 'done')) {
      this.#end(id, { state: 'done', files: now.flatMap(({ files }) => files), quality: null, url: null });
    } else {
      this.#end(id, { state: 'cancelled' });
    }
    this.#tell(id);
  }

  /** Notes an event of a job, or of its part; without one, the state that it has now. */
  #tell(id: string, event: JobEvent = this.#stateOf(id)): void {
    const [whole, index] = id.split('.');
    const own = index === undefined ? event : { ...event, part: Number(index) };
    this.#run('insert into events (job, kind, text) values (?, ?, ?)', whole, event.event, JSON.stringify(own));
  }

  #stateOf(id: string): JobEvent {
    const { state } = this.#one<{ state: JobState }>('select state from jobs where id = ?', id) ?? {};
    return { event: 'state', state };
  }

  /** Nothing of what an action reads changes until it has written. */
  #change<Result>(action: () => Result): Result {
    return this.#db.transaction(action).immediate();
  }

  #run(sql: string, ...values: readonly unknown[]): { readonly changes: number } {
    return this.#db.prepare(sql).run(...values);
  }

  #one<Found = unknown>(sql: string, ...values: readonly unknown[]): Found | undefined {
    return this.#db.prepare(sql).get(...values) as Found | undefined;
  }

  #all<Found>(sql: string, ...values: readonly unknown[]): Found[] {
    return this.#db.prepare(sql).all(...values) as Found[];
  }
}

/** Later than any job is due. */
const ALWAYS = Number.MAX_SAFE_INTEGER;

const HELD = `id = ? and worker = ? and state = 'running'`;

type Shared = Pick<StoredJob, 'parts' | 'part'>;

function jobOf({ work, files, quality, failure, ...row }: Row): StoredJob {
  return {
    ...(JSON.parse(work) as Work & Shared),
    ...row,
    files: JSON.parse(files),
    quality: quality && JSON.parse(quality),
    failure: failure && JSON.parse(failure),
  };
}
