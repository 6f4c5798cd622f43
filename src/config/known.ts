import type { Config } from './config.js';
import type { Facts } from './facts.js';

/** What derivations read. */
export interface Known {
  readonly config: Config;
  readonly facts: Facts;
  /** What probes found, by their ids; none of tensors that are missing. */
  readonly probes?: ReadonlyMap<string, Probed>;
  /** The number of the file's type (`llama_ftype`); missing until the type is chosen. */
  readonly fileType?: number;
  /** The block whose tensor is transformed. */
  readonly block?: number;
}

/** What a probe of the weights found: values, or whether what it asks is so. */
export type Probed = boolean | readonly number[] | readonly string[];

/** What a derivation makes of it. */
export type Derived = string | number | boolean | readonly number[] | readonly string[] | undefined;
