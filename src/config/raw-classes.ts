/**
 * The classes whose converters read config.json as it is, without transformers' defaults. ref-quirk: the constructors
 * in conversion/mamba.py, and in the modules whose classes derive from it (Falcon-H1, Bamba, Granite hybrid).
 * Nemotron-H also derives from Granite hybrid, but uses transformers.
 */
export const RAW_CLASSES: ReadonlySet<string> = new Set([
  'BambaForCausalLM',
  'FalconH1ForCausalLM',
  'FalconMambaForCausalLM',
  'GraniteMoeHybridForCausalLM',
  'Mamba2ForCausalLM',
  'MambaForCausalLM',
  'MambaLMHeadModel',
]);
