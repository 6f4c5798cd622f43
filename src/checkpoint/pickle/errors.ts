import { SourceError, UnsupportedError } from '../../errors.js';

/** The weights are in a format, or in a form of one, that is not read. */
export class UnsupportedWeightsError extends UnsupportedError {}

/** A pickle asks for a class or a function that no tensor needs. */
export class UnsafePickleError extends SourceError {
  constructor(what: string) {
    super(
      what,
      'No code of a file is ever run. Use a revision of the repository with safetensors, and do not load this file elsewhere unless you trust its author.',
    );
  }
}

/** A pickle, or what is around it, breaks a rule of its format. */
export class MalformedPickleError extends SourceError {
  constructor(what: string) {
    super(what, 'Download the file again.');
  }
}

/** A pickle ends before its last opcode. */
export class TruncatedPickleError extends MalformedPickleError {}

/** A pickle is larger, or has more in it, than that of any checkpoint. */
export class PickleLimitError extends SourceError {
  constructor(what: string) {
    super(what, 'Check that it is a file of weights, or convert it to safetensors.');
  }
}

/** The archive around a pickle breaks a rule of its format. */
export class MalformedZipError extends SourceError {
  constructor(what: string) {
    super(what, 'Download the file again.');
  }
}

/** A pickled tensor contradicts itself or its storage. */
export class PickledTensorError extends SourceError {
  constructor(what: string) {
    super(what, 'Download the file again.');
  }
}

/** A file's outermost value is no dictionary of tensors. */
export class StateDictError extends SourceError {
  constructor(what: string) {
    super(
      what,
      'Load it with torch.load and save the dictionary of the tensors alone, with torch.save or as safetensors.',
    );
  }
}
