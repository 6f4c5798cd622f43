import { common, family } from '../family.js';

const BERT_KEYS = `$TEXT_KEYS; attention.causal = false; pooling_type = @pooling_type
  classifier.output_labels = @class_labels`;
/** The head of classifiers and rerankers, whose last layer has the same name with labels as the first without. */
const CLASSIFIER = `
  cls.* = classifier.dense.* | pre_classifier.* | dense.* | head.dense.*; cls.output.* = classifier.out_proj.*
  cls.output.* = classifier.* when set @class_labels; cls.* = classifier.* when not set @class_labels`;
const BERT_TENSORS = `
  token_embd token_embd_norm token_types position_embd attn_output_norm attn_qkv attn_q attn_k attn_v attn_output
  ffn_up ffn_down layer_output_norm`;

/** What models of BERT's kind have in common beside their tensors: heads for training are left out. */
const BERT_MODEL = common`
  keys: ${BERT_KEYS}; strip: bert.; rename: .gamma = .weight, .beta = .bias
  ignore: + embeddings.position_ids pooler.dense.* cls.predictions* cls.seq_relationship*`;

export const bert = family`bert: BertModel BertForMaskedLM CamembertModel BertForSequenceClassification
    (BAAI/bge-small-en-v1.5) like ${BERT_MODEL}
  tensors: ${BERT_TENSORS}; ${CLASSIFIER}; tokenizer: word-piece`;

export const distilBert = family`bert: DistilBertModel DistilBertForMaskedLM DistilBertForSequenceClassification
    (distilbert/distilbert-base-uncased) like ${bert}
  keys: attention.layer_norm_epsilon = 1e-12; ${BERT_KEYS}; strip: distilbert. bert.; ignore: + vocab_*`;

export const euroBert = family`eurobert: EuroBertModel JinaEmbeddingsV5Model (jinaai/jina-embeddings-v5-text-nano)
  keys: + attention.causal = false; rope.scaling.type = "none"; pooling_type = @pooling_type
  tensors: $DENSE; tokenizer: bpe, before no-bos`;

export const jinaBertV2 = family`jina-bert-v2: JinaBertModel JinaBertForMaskedLM (jinaai/jina-embeddings-v2-base-en)
    like ${BERT_MODEL}
  tensors: ${BERT_TENSORS} attn_norm_2 attn_q_norm attn_k_norm ffn_gate; ${CLASSIFIER}
  tokenizer: whitespace bpe word-piece, after two-token-types`;

export const modernBert = family`modern-bert: ModernBertModel ModernBertForMaskedLM ModernBertForSequenceClassification
    (answerdotai/ModernBERT-base) like ${BERT_MODEL}
  keys: + attention.sliding_window = local_attention
    attention.sliding_window_pattern:u32 = global_attn_every_n_layers?; rope.scaling.type = "none"; vocab_size
    hidden_activation = hidden_activation?
  tensors: token_embd token_embd_norm output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down
    cls.norm.* = head.norm.*; ${CLASSIFIER}
  strip: model. bert.; ignore: + decoder.*; tokenizer: bpe, before bos-eos-sep`;

const CLS_POOLING = 2;
export const neoBert = family`neo-bert: NeoBERT NeoBERTLMHead NeoBERTForSequenceClassification (chandar-lab/NeoBERT)
    like ${BERT_MODEL}
  keys: + # The field counts what a layer without gates would have.
    feed_forward_length = 2 * intermediate_size // 3; rope.freq_base = 10000; rope.scaling.type = "none"
    attention.layer_norm_rms_epsilon = norm_eps?1e-6; pooling_type = ${CLS_POOLING}
  tensors: token_embd enc.output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down; ${CLASSIFIER}
  strip: model. bert.; ignore: + decoder.*; tokenizer: word-piece`;

/** The first positions are never used: RoBERTa counts from the one behind the padding token's id. */
const UNUSED = '(pad_token_id?-1 + 1)';
const OFFSET_KEYS = `${BERT_KEYS}; context_length = max_position_embeddings? - ${UNUSED}`;
/**
 * Positions that the model was trained for, of those that it counts. ref-quirk: `NomicBertModel` in conversion/bert.py.
 */
const TRAINED = `context_length = 2048 when lacks max_position_embeddings and n_positions == 8192
  context_length = 512 when lacks max_position_embeddings and n_positions == 2048`;
export const nomicBert = family`nomic-bert: NomicBertModel (nomic-ai/nomic-embed-text-v1.5) like ${BERT_MODEL}
  when: not set moe_every_n_layers; keys: + ${TRAINED}; tensors: ${BERT_TENSORS} ffn_gate
  tokenizer: xlm-roberta word-piece`;

/** The experts of a block stand in one matrix. */
const STACKED = 'reshape(expert_count, n_inner, n_embd)';
export const nomicBertMoe = family`nomic-bert-moe: NomicBertModel (nomic-ai/nomic-embed-text-v2-moe) like ${nomicBert}
  when: set moe_every_n_layers
  keys: ${OFFSET_KEYS}; ${TRAINED}; moe_every_n_layers = moe_every_n_layers?; expert_used_count = moe_top_k
  tensors: ${BERT_TENSORS}; .ffn_gate_inp.* = .mlp.router.layer.*
    .ffn_up_exps.weight = .mlp.experts.mlp.w1: ${STACKED}
    .ffn_down_exps.weight = .mlp.experts.mlp.w2: ${STACKED}, transpose(1, 2)
  ignore: + *mlp.experts.bias*; tokenizer: xlm-roberta-mask word-piece`;

export const roberta = family`bert: RobertaModel RobertaForSequenceClassification
    (sentence-transformers/stsb-roberta-base) like ${BERT_MODEL}
  keys: ${OFFSET_KEYS}
  tensors: ${BERT_TENSORS}; position_embd: slice(0, ${UNUSED}); ${CLASSIFIER}
  strip: roberta. bert.; tokenizer: bpe, after token-type-count`;

const XLM_ROBERTA_CLASSES = 'XLMRobertaModel XLMRobertaForSequenceClassification';
export const xlmRoberta = family`bert: ${XLM_ROBERTA_CLASSES} (BAAI/bge-m3) like ${roberta}
  when: not set lora_adaptations; tokenizer: xlm-roberta`;

/**
 * The model without its adapters for tasks. The reference writes them beside FILE as `lora-TASK-FILE`; where it is told
 * a folder, it writes them beside the folder, under names without `.gguf`.
 */
export const jinaBertV3 = family`jina-bert-v3: ${XLM_ROBERTA_CLASSES} (jinaai/jina-embeddings-v3)
    like ${xlmRoberta}
  when: set lora_adaptations
  rename: + .parametrizations. = ., .original =; drop: + *.0.lora_A *.0.lora_B`;
