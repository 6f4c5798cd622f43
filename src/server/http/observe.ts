import type { MiddlewareHandler } from 'hono';
import { type Logger, pino } from 'pino';
import { Gauge, Histogram, Registry } from 'prom-client';
import type { Queue } from '../queue/queue.js';
import type { EventStreams } from './event-streams.js';

/** Upper bounds in seconds of what requests take. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10];

/** Lines of JSON on standard error; on a terminal only what is wrong. */
export function makeLogger(): Logger {
  return pino({ level: process.stderr.isTTY ? 'warn' : 'info', base: null }, pino.destination(2));
}

/** What Prometheus asks for: jobs by state, open streams, requests by route and status. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #seconds = new Histogram({
    ...{ name: 'hf2gguf_http_seconds', help: 'Seconds until an answer begins', buckets: BUCKETS },
    ...{ labelNames: ['method', 'route', 'status'], registers: [this.#registry] },
  });

  constructor(queue: Queue, streams: EventStreams) {
    const registers = [this.#registry];
    new Gauge({
      ...{ name: 'hf2gguf_jobs', help: 'Jobs by their state', labelNames: ['state'], registers },
      async collect() {
        for (const [state, count] of Object.entries(await queue.counts())) {
          this.set({ state }, count);
        }
      },
    });
    new Gauge({
      ...{ name: 'hf2gguf_event_streams', help: 'Open streams of events', registers },
      collect() {
        this.set(streams.size);
      },
    });
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Counts requests, and logs them without what they ask for: names of models are nobody else's business. */
  observe(log: Logger): MiddlewareHandler {
    return async (context, next) => {
      const began = performance.now();
      await next();
      const seconds = (performance.now() - began) / 1000;
      const { method } = context.req;
      const { status } = context.res;
      // What runs for many routes stands before the one that answers.
      const route = context.req.matchedRoutes.find(({ path }) => !path.endsWith('*'))?.path ?? '';
      this.#seconds.observe({ method, route, status }, seconds);
      log.info({ method, route, status, seconds }, 'request');
    };
  }
}
