import { createServer, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

/** What one connection may take. Times are milliseconds. */
export interface ConnectionLimits {
  /** Until the headers of a request are there, and until all of it is: bodies are small. */
  readonly headers: number;
  readonly request: number;
  /** Until a connection ends on which nothing moves: a client that does not read what it asked for. */
  readonly silence: number;
  /** Bytes of all headers of a request. */
  readonly headerBytes: number;
  /** Connections at once. */
  readonly connections: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headers: 10_000,
  request: 20_000,
  silence: 120_000,
  headerBytes: 2 ** 14,
  connections: 10_000,
};

/** An app behind a server of Node's that no client holds up. */
export function makeServer(
  app: { readonly fetch: Hono['fetch'] },
  limits: ConnectionLimits = CONNECTION_LIMITS,
): Server {
  const { headers, request, silence, headerBytes, connections } = limits;
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: {
      headersTimeout: headers,
      requestTimeout: request,
      connectionsCheckingInterval: Math.min(headers, request) / 2,
      maxHeaderSize: headerBytes,
    },
  }) as Server;
  server.timeout = silence;
  server.maxConnections = connections;
  return server;
}
