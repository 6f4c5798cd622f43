/** A GGUF file's vocabulary as text and back, as llama.cpp does it. */
export interface Vocabulary {
  readonly size: number;
  readonly bos: number | null;
  readonly eos: number | null;
  /** Tokens that end a generation (eos, eot, eom, ... as llama.cpp's llama_vocab_is_eog has them). */
  readonly endOfGeneration: ReadonlySet<number>;
  /** Whether llama.cpp puts the BOS before, and the EOS after, a text: `add_bos_token`, `add_eos_token` and its defaults. */
  readonly addBos: boolean;
  readonly addEos: boolean;
  /**
   * Token ids of a text (llama_tokenize).
   * @param special whether the vocabulary's special tokens are recognised in the text.
   * @param edges whether BOS and EOS are added where the vocabulary says so.
   */
  encode(text: string, options: { readonly special: boolean; readonly edges: boolean }): Int32Array;
  /** The bytes that a token stands for (llama_token_to_piece). */
  piece(token: number, options: { readonly special: boolean }): Uint8Array;
}
