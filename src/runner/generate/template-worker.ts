import { parentPort, workerData } from 'node:worker_threads';
import { Template } from '@huggingface/jinja';

/** Renders one template, in a thread that can be stopped. */
const { template, values } = workerData as { template: string; values: Record<string, unknown> };
parentPort?.postMessage(new Template(template).render(values));
