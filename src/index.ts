/** hf2gguf as a library: the calls that the command line is made of. */
export type { AnyCase } from './any-case.js';
export { type ArchName, listArchitectures } from './archs/registry.js';
export type { Call } from './async/stream.js';
export { convert, plan, planQuantize, quantize } from './calls/conversions.js';
export type { ConvertEvent, ConvertResult } from './calls/events.js';
export type { CheckOptions, ConvertParams, QuantizeParams, RunnerOptions } from './calls/params.js';
export * from './error-classes.js';
export {
  EXIT,
  type ExitCode,
  GateError,
  Hf2ggufError,
  HubError,
  InterruptedError,
  ResourceError,
  SourceError,
  UnsupportedError,
  UsageError,
} from './errors.js';
export { type DiffEvent, type Difference, type DiffParams, diff, type TensorDifference } from './files/diff.js';
export { type EditEvent, type EditParams, type EditResult, edit } from './files/edit.js';
export type { KeyChange } from './files/key-changes.js';
export { type MergeParams, merge, planMerge } from './files/merge.js';
export { planSplit, type SplitParams, split } from './files/split.js';
export type { GgmlType, GgufValue, Scalar } from './gguf/types.js';
export { type Inspection, type InspectParams, inspect } from './gguf-files/inspect.js';
export type {
  KeptPart,
  PlacedFile,
  Plan,
  PlannedFile,
  PlannedSource,
  PlannedTensor,
  Prediction,
} from './layout/plan.js';
export type { TensorStats, WrittenFile } from './layout/written-file.js';
export { type InspectModelParams, inspectModel, type ModelInspection } from './plan/inspect-model.js';
export type { OutputParams, QuantizeOptions } from './plan/params.js';
export type { Sensitivities, Sensitivity } from './plan/sensitivities.js';
export { plotCheck } from './plot/plot-check.js';
export { plotErrors } from './plot/plot-errors.js';
export type { PublishedFile } from './publish/manifest.js';
export type { PublishEvent, PublishParams, PublishPlan, PublishResult } from './publish/params.js';
export { planPublish, publish } from './publish/publish.js';
export { type WatchEvent, type WatchedModel, type WatchParams, type WatchResult, watch } from './publish/watch.js';
export {
  type FileType,
  OUT_TYPES,
  type OutType,
  type OutTypeName,
  parseFileType,
  type QuantName,
} from './quantize/file-types.js';
export type { Imatrix } from './quantize/imatrix/imatrix.js';
export type { TensorTypeAssignment, TensorTypeName } from './quantize/type-options.js';
export { type CheckEvent, type CheckParams, check } from './runner/check.js';
export type { Checked, CheckResult, Divergence, Estimate } from './runner/check-result.js';
export {
  type GenerateEvent,
  type GenerateParams,
  type GenerateResult,
  generate,
} from './runner/generate/generate.js';
export { type CollectImatrixParams, collectImatrix } from './runner/imatrix/auto.js';
export type { CollectParams } from './runner/imatrix/collect-from.js';
export { type ImatrixEvent, type ImatrixParams, type ImatrixResult, imatrix } from './runner/imatrix/imatrix.js';
export { measureSensitivities, type SensitivityParams } from './runner/sensitivity/measure.js';
export type { TensorExpr } from './tensor/expr.js';
export { PRE_TOKENIZER_NAMES, type PreTokenizerName } from './tokenizer/pre/fingerprints.js';
