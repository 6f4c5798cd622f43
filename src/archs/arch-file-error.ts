import { SourceError } from '../errors.js';

/** A file of `--arch-file` that describes no family. */
export class ArchFileError extends SourceError {}
