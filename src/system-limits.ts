import { ResourceError } from './errors.js';

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

/** The typed error where no file descriptor was left, be it for a thread's own ones. */
export function descriptorLimit(error: unknown): DescriptorLimitError | undefined {
  const { code, message } = partsOf(error);
  const isLimit = ['EMFILE', 'ENFILE'].includes(code) || (code === INIT_FAILED && /E[MN]FILE/.test(message));
  return isLimit ? new DescriptorLimitError({ cause: error }) : undefined;
}

/** The typed error where a thread or a process could not be started. */
export function threadLimit(error: unknown): ThreadLimitError | undefined {
  const isLimit = ['EAGAIN', INIT_FAILED, 'ERR_WORKER_OUT_OF_MEMORY'].includes(partsOf(error).code);
  return isLimit ? new ThreadLimitError({ cause: error }) : undefined;
}

/** What Node throws where it cannot start a thread. */
const INIT_FAILED = 'ERR_WORKER_INIT_FAILED';

/** The error of a limit, also where another error names it as its cause; without one, the error itself. */
export function typedLimit(error: unknown): unknown {
  let limit: Error | undefined;
  for (let at = error; at instanceof Error && !limit; at = at.cause) {
    limit = at instanceof ResourceError ? at : descriptorLimit(at);
  }
  return limit ?? error;
}

function partsOf(error: unknown): { code: string; message: string } {
  return error instanceof Error && 'code' in error
    ? { code: String(error.code), message: error.message }
    : { code: '', message: '' };
}
