/**
 * The classes whose converters take config.json as it stands, without transformers' defaults: those of conversion/mamba.py
 * and what is made from them (Falcon-H1, Bamba, Granite hybrid). Nemotron-H, which is made from Granite hybrid, asks
 * transformers all the same.
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
