import { ResourceError } from '../errors.js';

/** The port is taken, or may not be listened on. */
export class ListenError extends ResourceError {}
