/** What training leaves in a checkpoint's names where a wrapper was saved rather than the model. */
export interface Wrapper {
  readonly pattern: RegExp;
  /** Completes "the name is ...". */
  readonly what: string;
  readonly next: string;
}

const MERGE = 'Merge the adapter into the model (merge_and_unload of PEFT), then save that.';

const WRAPPERS: readonly Wrapper[] = [
  {
    pattern: /\.lora_|\.base_layer\.|\.modules_to_save\./,
    what: 'that of an adapter which is not merged',
    next: MERGE,
  },
  { pattern: /^base_model\.model\./, what: 'that of a PEFT model', next: MERGE },
  {
    pattern: /(^|\.)_orig_mod\./,
    what: 'that of a module which was saved while compiled (torch.compile)',
    next: 'Save model._orig_mod instead, or take "_orig_mod." out of the names.',
  },
  {
    pattern: /(^|\.)_fsdp_wrapped_module\.|^_forward_module\./,
    what: 'that of a module which a trainer wrapped (FSDP, DeepSpeed)',
    next: 'Save the whole state of the unwrapped model, as accelerate.unwrap_model gives it.',
  },
  {
    pattern: /^module\./,
    what: 'that of a module within DataParallel or DistributedDataParallel',
    next: 'Save model.module instead, or take "module." off the names.',
  },
];

/** What wrapped the module that a tensor's name is of, if anything did. */
export function wrapperOf(name: string): Wrapper | undefined {
  return WRAPPERS.find(({ pattern }) => pattern.test(name));
}
