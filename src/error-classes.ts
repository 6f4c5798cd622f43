/** Every error that the package's calls can throw, to be told apart by `instanceof`; its families are in errors.ts. */
export { EagleDraftError } from './archs/llama.js';
export { TensorMappingError } from './archs/map-tensors.js';
export { Mistral4Error } from './archs/mistral3.js';
export { PoolingFileError, UnsupportedPoolingError } from './archs/pooling.js';
export { RerankerError, WrappedQwen3Error } from './archs/qwen3.js';
export { UnsupportedArchitectureError } from './archs/registry.js';
export {
  DuplicateTensorError,
  MissingWeightsError,
  ShardIndexError,
  UnsupportedWeightsError,
} from './checkpoint/checkpoint.js';
export {
  BadTensorEntryError,
  HeaderTooLargeError,
  LfsPointerError,
  NotSafetensorsError,
  OverlappingTensorsError,
  TruncatedFileError,
  UnknownDTypeError,
} from './checkpoint/safetensors.js';
export { ConfigFieldError } from './config/fields.js';
export { BadWeightsError, ReadError, ShrunkFileError } from './convert/execute.js';
export { FallbackError, OverwriteError } from './convert/finish-plan.js';
export { BigEndianError, InconsistentPartsError } from './convert/gguf-model.js';
export { NoConfigError, QuantizedSourceError } from './convert/open-model.js';
export { OutputNameError } from './convert/output-paths.js';
export { DiskFullError, WriteError } from './convert/outputs.js';
export { ConflictingOptionsError, NothingToQuantizeError, UnknownTypeError } from './convert/params.js';
export { NoTypeError } from './convert/quantize.js';
export { SelectionWithoutImatrixError, UnreadableOptionFileError } from './convert/quantize-request.js';
export { ImatrixRequiredError, NotQuantizableError, RequantizeError } from './convert/quantized.js';
export { SensitivitiesFileError, SensitivitiesMismatchError } from './convert/sensitivities.js';
export { TargetTooSmallError } from './convert/target.js';
export { AssignmentError } from './files/assignments.js';
export {
  BigEndianFileError,
  ChatTemplateFileError,
  ProtectedKeyError,
  UnknownKeyError,
  UnreadableResultError,
} from './files/edit.js';
export { NotSplitError, OutputExistsError } from './files/merge.js';
export { SplitLimitError } from './files/split.js';
export { UnreadableFileError } from './gguf/byte-source.js';
export { GgufVersionError, MalformedGgufError, NotGgufError } from './gguf/cursor.js';
export { BadValueError } from './gguf/writer.js';
export { MalformedJsonError } from './json.js';
export { GgufNotFoundError, MissingPartError, NotAGgufSourceError } from './locate-gguf.js';
export { FileNameTemplateError } from './metadata/file-name.js';
export { MalformedYamlError } from './metadata/yaml.js';
export { CheckInterruptedError } from './pipeline/pipeline.js';
export { FileTypeKeyError } from './quantize/file-types.js';
export { ImatrixSizeError } from './quantize/imatrix/coverage.js';
export { ImatrixSelectionError, MalformedImatrixError, NonFiniteImatrixError } from './quantize/imatrix/imatrix.js';
export { NotImatrixError } from './quantize/imatrix/read-legacy.js';
export { CountKeyError } from './quantize/model-facts.js';
export { NativeAddonError, NonFiniteError, OverflowError, UnknownTargetError } from './quantize/native.js';
export { KvOverrideError } from './quantize/override-kv.js';
export { LayersError, PruningError } from './quantize/prune-layers.js';
export { LayerNameError } from './quantize/recipe/choose.js';
export { RowLengthError } from './quantize/recipe/fallback.js';
export { TargetSizeError } from './quantize/target/size.js';
export { TensorTypeError, TensorTypeRuleError } from './quantize/type-options.js';
export {
  AccessPendingError,
  BadEndpointError,
  FileNotFoundError,
  FolderNotFoundError,
  GatedRepoError,
  MissingFileError,
  NetworkDownError,
  NotAFolderError,
  NotASourceError,
  OfflineError,
  RateLimitedError,
  RefusedError,
  RepoNotFoundError,
  RevisionNotFoundError,
  ServerFailingError,
  ShortFileError,
  TokenInvalidError,
  TokenMissingError,
  TokenScopeError,
  TooManyFilesError,
  UnreadableError,
  UnsafePathError,
  WrongAnswerError,
  WrongHashError,
} from './repo/errors.js';
export { RevisionOfFolderError } from './repo/open.js';
export { FileTooLargeError } from './repo/small-files.js';
export { UnknownTokenError, WeightsFileError } from './runner/engine.js';
export { QualityGateError } from './runner/gates.js';
export { NoChatTemplateError, PromptLengthError } from './runner/generate/generate.js';
export { ChatTemplateError } from './runner/generate/template.js';
export { GraphKeyError } from './runner/graphs/keys.js';
export { NoGraphError, UnknownPartError } from './runner/graphs/registry.js';
export { ImatrixMergeError } from './runner/imatrix/accumulate.js';
export { NonFiniteActivationsError } from './runner/imatrix/collect.js';
export { LegacyRangeError } from './runner/imatrix/encode.js';
export { ContextError, DifferentVocabularyError, NoNumberError, ShortTextError } from './runner/measure.js';
export { RunnerMemoryError } from './runner/memory.js';
export { ModelTooLargeError } from './runner/model.js';
export { GraphError } from './runner/operators.js';
export { UnreadableTextError } from './runner/texts.js';
export { MalformedTokenizerError, UnsupportedTokenizerError } from './tokenizer/encoder/fields.js';
export { PatternError } from './tokenizer/encoder/oniguruma-syntax.js';
export { SlowTokenizerError } from './tokenizer/encoder/time-limit.js';
export { InvalidTokenIdError, NoTokenizerError } from './tokenizer/errors.js';
export { PreTokenizerNameError, UnknownPreTokenizerError } from './tokenizer/pre/recognize.js';
export { InvalidVocabularySizeError } from './tokenizer/vocabulary-size.js';
export { MalformedVocabularyError, UnencodableTextError, UnsupportedVocabularyError } from './vocabulary/errors.js';
export { StrictError } from './warnings.js';
