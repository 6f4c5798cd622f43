/** The vocabulary of a GGUF file. It encodes and decodes text as llama.cpp does. */
export interface Vocabulary {
  readonly size: number;
  readonly bos: number | null;
  readonly eos: number | null;
  /** Tokens that end a generation: eos, eot, eom and others, for which llama_vocab_is_eog is true. */
  readonly endOfGeneration: ReadonlySet<number>;
  /**
   * Whether llama.cpp puts the BOS before a text, and the EOS after it: `add_bos_token` and `add_eos_token`, or
   * llama.cpp's defaults.
   */
  readonly addBos: boolean;
  readonly addEos: boolean;
  /**
   * Token ids of a text (llama_tokenize).
   * @param special whether the vocabulary's special tokens are recognised in the text.
   * @param edges whether BOS and EOS are added where the vocabulary says so.
   */
  encode(text: string, options: { readonly special: boolean; readonly edges: boolean }): Int32Array;
  /** The bytes of a token (llama_token_to_piece). */
  piece(token: number, options: { readonly special: boolean }): Uint8Array;
}
