import { HubError, ResourceError, UsageError } from '../errors.js';

/** The port is taken, or may not be listened on. */
export class ListenError extends ResourceError {}

/** A server for others is without a log-in, or its token is too short. */
export class ServeTokenError extends UsageError {}

/** Redis cannot be reached, or does not let this program in. */
export class RedisError extends ResourceError {}

/** Log-ins with Hugging Face lack what they need: the client's id, or the address that users know the server by. */
export class OAuthSettingsError extends UsageError {}

/** The file of --secret-file cannot be read, is too short, or others may read it. */
export class SecretFileError extends UsageError {}

/** The Hub does not answer a log-in as it should. */
export class LogInError extends HubError {
  constructor(why: string) {
    super(
      `Hugging Face did not finish the log-in: ${why}.`,
      'Log in again; if that does not help, ask whoever runs this server.',
    );
  }
}

/** A user's token is not there any more. */
export class LogInOverError extends HubError {
  constructor() {
    super('The log-in is over that this needs.', 'Log in again, then start it again.');
  }
}

/** Something that others asked for leads to an address that is not for everybody. */
export class ForbiddenAddressError extends HubError {
  constructor(host: string) {
    super(
      `${host} is an address inside a network, to which this server does not connect for its users.`,
      'Ask whoever runs this server, if the Hub itself leads there.',
    );
  }
}

/** The folder of --allow-local has no such folder, or it changed. */
export class LocalSourceError extends UsageError {}
