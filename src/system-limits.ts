import { Hf2ggufError, ResourceError } from './errors.js';

/** The process, or the whole system, may open no more files. */
export class DescriptorLimitError extends ResourceError {
  constructor(options?: ErrorOptions) {
    super(
      'No more files can be opened: the limit of file descriptors is reached.',
      'Raise it with `ulimit -n 4096`, for example, or end other programs.',
      options,
    );
  }
}

/** The system starts no more threads or processes. */
export class ThreadLimitError extends ResourceError {
  constructor(options?: ErrorOptions) {
    super(
      'The system starts no more threads.',
      'Raise the limit of processes (`ulimit -u`), give fewer --jobs, or end other programs.',
      options,
    );
  }
}

/** Native code got no memory. */
export class NativeMemoryError extends ResourceError {
  /** @param bytes what the data that was worked on takes. */
  constructor(bytes: number, options?: ErrorOptions) {
    super(
      `The system has no memory left to work on ${bytes} bytes of data.`,
      'Give a smaller --max-memory or fewer --jobs, or end other programs.',
      options,
    );
  }
}

const DESCRIPTOR_CODES: readonly unknown[] = ['EMFILE', 'ENFILE'];
const THREAD_CODES: readonly unknown[] = ['EAGAIN', 'ERR_WORKER_INIT_FAILED', 'ERR_WORKER_OUT_OF_MEMORY'];

/** The typed error where no file descriptor was left. */
export function descriptorLimit(error: unknown): DescriptorLimitError | undefined {
  return DESCRIPTOR_CODES.includes(codeOf(error)) ? new DescriptorLimitError({ cause: error }) : undefined;
}

/** The typed error where a thread or a process could not be started. */
export function threadLimit(error: unknown): ThreadLimitError | undefined {
  return THREAD_CODES.includes(codeOf(error)) ? new ThreadLimitError({ cause: error }) : undefined;
}

/** An error that may come from a limit of the system, typed; another stays as it is. */
export function typedLimit(error: unknown): unknown {
  return error instanceof Hf2ggufError ? error : (descriptorLimit(error) ?? error);
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
