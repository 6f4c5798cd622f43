import { ResourceError, UsageError } from '../errors.js';

/** The port is taken, or may not be listened on. */
export class ListenError extends ResourceError {}

/** A server for others is without a log-in, or its token is too short. */
export class ServeTokenError extends UsageError {}

/** Redis cannot be reached, or does not let this program in. */
export class RedisError extends ResourceError {}
