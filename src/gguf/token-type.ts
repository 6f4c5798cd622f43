/** `tokenizer.ggml.token_type`: the numbers of llama.h's `llama_token_type`, which are SentencePiece's own. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
