/** What text models have in common beside their keys and tensors. */

/** What blocks' names begin with in the checkpoints of all families. */
export const BLOCKS = `
  model.layers.{b} layers.{b} transformer.h.{b} h.{b} gpt_neox.layers.{b} transformer.layers.{b} transformer.blocks.{b}
  model.transformer.blocks.{b} model.blocks.{b} model.layers.layers.{b} model.layers.h.{b} backbone.layers.{b}
  encoder.layers.{b} encoder.layer.{b} transformer.layer.{b} transformer_encoder.{b} transformer.decoder_layer.{b}
  rwkv.blocks.{b}`;

/** Encoders, projectors and speech parts: beginnings of their names, then parts of them. */
export const IGNORE = `
  mlp* vit.* vpm.* siglip2.* conformer.* merger.* resampler.* sound_encoder.* sound_projection.* speech_embeddings.*
  *visual.* *vision.* *audio.* *talker.* *vision_* *audio_* *token2wav.* *code2wav.* *projector.* *pre_mm_projector_norm*
  *image_newline* *view_seperator* *patch_embed* *patch_merger.* *patch_merge_mlp.* *model.connector.*`;

/** Buffers, which models recompute. */
export const DROP = '*.attention.masked_bias *.attention.bias *.rotary_emb.inv_freq';

export const RENAME = 'e_score_correction_bias = e_score_correction.bias';

/** Multi-token prediction as most families have it: more blocks of `model.layers`, which config.json counts. */
export const NEXTN =
  'blocks num_nextn_predict_layers?, keep model.embed_tokens.weight model.norm.weight lm_head.weight';
