/** Every error that the package's calls can throw, to be told apart by `instanceof`; its families are in errors.ts. */
export { DraftVocabularyError } from './archs/extra-tensors.js';
export { FusionError } from './archs/fuse.js';
export { IntegerWeightsError, TensorMappingError } from './archs/map-tensors.js';
export { MtpChoiceError, NoMtpBlocksError } from './archs/mtp.js';
export {
  ArchFileError,
  UnknownClassError,
  UnsupportedArchitectureError,
  UnsupportedVariantError,
} from './archs/registry.js';
export { TransformError } from './archs/transform.js';
export { OptionOfOtherSourceError } from './calls/route.js';
export { CheckInterruptedError } from './calls/with-runner.js';
export {
  DuplicateTensorError,
  MissingWeightsError,
  ShardIndexError,
} from './checkpoint/checkpoint.js';
export { LfsPointerError } from './checkpoint/file-start.js';
export {
  MalformedPickleError,
  MalformedZipError,
  PickledTensorError,
  PickleLimitError,
  StateDictError,
  TruncatedPickleError,
  UnsafePickleError,
  UnsupportedWeightsError,
} from './checkpoint/pickle/errors.js';
export { QuantizedTensorError, UnsupportedMethodError } from './checkpoint/quantized/plain-tensors.js';
export {
  BadTensorEntryError,
  HeaderTooLargeError,
  NotSafetensorsError,
  OverlappingTensorsError,
  TooManyTensorsError,
  TruncatedFileError,
  UnknownDTypeError,
} from './checkpoint/safetensors.js';
export { AssignmentError } from './files/assignments.js';
export {
  BigEndianFileError,
  ChatTemplateFileError,
  ProtectedKeyError,
  UnknownKeyError,
  UnloadableResultError,
  UnreadableResultError,
} from './files/edit.js';
export { NotSplitError } from './files/merge.js';
export { ChangedFileError } from './files/replace-header.js';
export { BufferMemoryError } from './fill/byte-pool.js';
export { BadWeightsError, FillInterruptedError, ShrunkFileError } from './fill/execute.js';
export { ReadError } from './fill/local-sources.js';
export { MemoryLimitError } from './fill/memory-limit.js';
export { GgufVersionError, MalformedGgufError, NotGgufError } from './gguf/cursor.js';
export { BadValueError } from './gguf/writer.js';
export { GgufNotFoundError, MissingPartError, NotAGgufSourceError, RawPieceError } from './gguf-files/locate.js';
export { GraphKeyError } from './graphs/keys.js';
export { GraphError } from './graphs/operators/operator.js';
export { MissingTensorError, NoGraphError, UnknownPartError } from './graphs/registry.js';
export { InvalidTokenIdError, MalformedTokenizerError, UnsupportedTokenizerError } from './hf-tokenizer/errors.js';
export { PatternError } from './hf-tokenizer/oniguruma-syntax.js';
export { SlowTokenizerError } from './hf-tokenizer/time-limit.js';
export { JsonLimitError, MalformedJsonError } from './json.js';
export { ConfigFieldError } from './language/fields.js';
export { DimensionsError } from './layout/layout.js';
export { UnloadableError } from './loading/check.js';
export { CardLimitError } from './metadata/card-fields.js';
export { FileNameTemplateError } from './metadata/file-name.js';
export { MalformedYamlError } from './metadata/yaml.js';
export { EmptyOptionError } from './options/empty.js';
export { NumberError } from './options/numbers.js';
export { OutputExistsError, OverwriteError, SpecialFileError } from './output/guard.js';
export { BusyOutputError } from './output/leftovers.js';
export { OutsideFolderError } from './output/output-paths.js';
export { LinkLoopError, OutputNameError } from './output/place.js';
export { DiskFullError, WriteError } from './output/write-error.js';
export { ExpertShapeError } from './plan/check-experts.js';
export { IndexerError } from './plan/check-indexers.js';
export { ConflictingOptionsError, NoTypeError, NothingToQuantizeError } from './plan/check-params.js';
export { NoSuchFileError } from './plan/chosen-files.js';
export { FallbackError } from './plan/finish-plan.js';
export { NoTargetModelError } from './plan/gather-facts.js';
export { BigEndianError, InconsistentPartsError, JoinedPartsError, TensorPlaceError } from './plan/gguf-model.js';
export { UnreadableMetadataError } from './plan/inputs.js';
export { SelectionWithoutImatrixError, UnreadableOptionFileError } from './plan/quantize-request.js';
export { ImatrixRequiredError, NotQuantizableError, RequantizeError } from './plan/quantized.js';
export { ProbeSizeError } from './plan/read-probes.js';
export { QuantizedSourceError } from './plan/refuse-codes.js';
export { SensitivitiesFileError, SensitivitiesMismatchError } from './plan/sensitivities.js';
export { PoolingFileError, UnsupportedPoolingError } from './plan/sentence-modules.js';
export { SplitLimitError } from './plan/split-parts.js';
export { TargetTooSmallError } from './plan/target.js';
export { NothingToPlotError } from './plot/plot-check.js';
export { NotTakenError, NoWriteTokenError, RepositoryChangedError, WriteRefusedError } from './publish/errors.js';
export { LicenceError } from './publish/licence.js';
export { OpenTargetError, TargetNameError } from './publish/prepare.js';
export { OwnerNameError } from './publish/watch.js';
export { WatchStateError } from './publish/watch-state.js';
export { WebhookPortError, WebhookSecretError } from './publish/webhook.js';
export { FileTypeKeyError, UnknownTypeError } from './quantize/file-types.js';
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
export { ModelFormatError, NoModelError } from './repo/contents.js';
export {
  AccessPendingError,
  BadEndpointError,
  ChangingFileError,
  FileNotFoundError,
  FileOfRepoError,
  FolderNotFoundError,
  GatedRepoError,
  HubKindError,
  MissingFileError,
  NetworkDownError,
  NoHashError,
  NotAFolderError,
  NotASourceError,
  OfflineError,
  RateLimitedError,
  RefusedError,
  ReplacedFileError,
  RepoNotFoundError,
  RevisionNotFoundError,
  ServerFailingError,
  ShortFileError,
  SnapshotError,
  TokenInvalidError,
  TokenMissingError,
  TokenScopeError,
  TooManyFilesError,
  TooSlowError,
  UnreadableError,
  UnsafePathError,
  WrongAnswerError,
  WrongHashError,
} from './repo/errors.js';
export { RevisionOfFolderError } from './repo/open.js';
export { UnreadableFileError } from './repo/open-file.js';
export { FileTooLargeError } from './repo/small-files.js';
export { ChangedSourceError } from './repo/unchanged.js';
export { UnknownTokenError, WeightsFileError } from './runner/engine.js';
export { QualityGateError } from './runner/gates.js';
export { NoChatTemplateError, PromptLengthError } from './runner/generate/generate.js';
export { ImatrixMergeError } from './runner/imatrix/accumulate.js';
export { NonFiniteActivationsError } from './runner/imatrix/collect.js';
export { LegacyRangeError } from './runner/imatrix/encode.js';
export { DifferentVocabularyError, ShortTextError } from './runner/measure.js';
export { RunnerMemoryError } from './runner/memory.js';
export { ModelTooLargeError } from './runner/model.js';
export { NoNumberError } from './runner/no-number.js';
export { ChatTemplateError } from './runner/template.js';
export { UnreadableTextError } from './runner/texts.js';
export {
  ForbiddenAddressError,
  ListenError,
  LocalSourceError,
  LogInError,
  LogInOverError,
  OAuthSettingsError,
  RedisError,
  SecretFileError,
  ServeTokenError,
} from './server/errors.js';
export { DescriptorLimitError, NativeMemoryError, ThreadLimitError } from './system-limits.js';
export { TensorIndexError } from './tensor/operators/gather.js';
export { MalformedVocabularyError, UnencodableTextError, UnsupportedVocabularyError } from './tokenize/errors.js';
export { NoTokenizerError } from './tokenizer/errors.js';
export { PreTokenizerNameError, UnknownPreTokenizerError } from './tokenizer/pre/recognize.js';
export { InvalidVocabularySizeError } from './tokenizer/vocabulary-size.js';
export { StrictError } from './warnings.js';
