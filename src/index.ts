/** hf2gguf as a library: the calls that the command line is made of. */
export { listArchitectures } from './archs/registry.js';
export { convert, plan } from './convert/convert.js';
export type { ConvertParams } from './convert/params.js';
export type { Plan, PlannedFile, PlannedTensor } from './convert/plan.js';
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
export type { ConvertEvent, ConvertResult, WrittenFile } from './events.js';
export type { GgmlType, GgufValue } from './gguf/types.js';
export { type Inspection, type InspectParams, inspect } from './inspect.js';
export type { TensorExpr } from './tensor/expr.js';
