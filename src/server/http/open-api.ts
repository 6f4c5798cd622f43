import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import * as v from 'valibot';
import { packageVersion } from '../../output/version.js';
import { failure, found, job, jobRequest, modelPlan, planRequest, session, sessionRequest } from '../api.js';

interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly request?: GenericSchema;
  readonly query?: readonly string[];
  readonly answer: GenericSchema | { readonly type: string };
}

const OPERATIONS: readonly Operation[] = [
  { method: 'get', path: '/api/session', summary: 'Whether a log-in is wanted', answer: session },
  { method: 'post', path: '/api/session', summary: 'Log in', request: sessionRequest, answer: session },
  { method: 'post', path: '/api/session/end', summary: 'Log out', answer: session },
  {
    method: 'get',
    path: '/api/models',
    summary: 'Models by a text in their names',
    query: ['q'],
    answer: v.array(found),
  },
  { method: 'post', path: '/api/plans', summary: 'A model and its sizes', request: planRequest, answer: modelPlan },
  { method: 'post', path: '/api/jobs', summary: 'Convert a model', request: jobRequest, answer: job },
  { method: 'get', path: '/api/jobs', summary: "The user's jobs, the newest first", answer: v.array(job) },
  { method: 'get', path: '/api/jobs/{id}', summary: 'A job', answer: job },
  { method: 'post', path: '/api/jobs/{id}/cancel', summary: 'Stop a job', answer: job },
  { method: 'get', path: '/api/jobs/{id}/events', summary: "A job's events", answer: { type: 'text/event-stream' } },
  {
    ...{ method: 'get', path: '/api/jobs/{id}/files/{name}', summary: 'A file that a job has made' },
    answer: { type: 'application/octet-stream' },
  },
];

/** The interface as OpenAPI 3.1 describes it, made of the schemas that requests are held against. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, summary, request, query = [], answer } of OPERATIONS) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true }));
    const inQuery = query.map((name) => ({ name, in: 'query', required: true }));
    const content =
      'kind' in answer ? json(answer) : { [answer.type]: { schema: { type: 'string', format: 'binary' } } };
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        parameters: [...inPath, ...inQuery].map((own) => ({ ...own, schema: { type: 'string' } })),
        ...(request && { requestBody: { required: true, content: json(request) } }),
        responses: {
          200: { description: summary, content },
          default: { description: 'What is wrong, and what to do', content: json(failure) },
        },
      },
    };
  }
  return { openapi: '3.1.0', info: { title: 'hf2gguf', version: packageVersion() }, paths };
}

function json(schema: GenericSchema) {
  return { 'application/json': { schema: toJsonSchema(schema, { errorMode: 'ignore' }) } };
}
