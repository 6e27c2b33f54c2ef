"""The keys of a transformer's config that its architecture needs, by the kind of their values."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENCODERS = (
    "bert",
    "camembert",
    "deberta",
    "deberta-v2",
    "distilbert",
    "electra",
    "ernie",
    "modernbert",
    "mpnet",
    "roberta",
    "xlm-roberta",
)
LANGUAGE_MODELS = (
    "gemma",
    "gemma2",
    "gemma3_text",
    "gpt2",
    "gpt_neox",
    "granite",
    "llama",
    "mistral",
    "olmo2",
    "phi",
    "phi3",
    "qwen2",
    "qwen3",
    "smollm3",
)

UNUSED = _set(
    """
    _name_or_path architectures auto_map base_model_name base_model_name_or_path bos_token dtype
    eos_token finetuning_task id2label label2id output_attentions output_hidden_states problem_type
    return_dict task_specific_params tokenizer_class torch_dtype transformers_version unsloth_version
    use_cache
    """
)
"""Without these an architecture is the same: what a model is called, or what it was trained to say."""

WIDTHS = _set(
    """
    dim embedding_size head_dim hidden_dim hidden_size intermediate_size n_embd n_head n_heads n_inner
    num_attention_heads num_key_value_heads pooler_hidden_size vocab_size
    """
)
LAYERS = _set("n_layer n_layers num_hidden_layers")
COUNTS = _set(
    """
    chunk_size_feed_forward conv_kernel_size local_attention max_position_embeddings max_window_layers
    n_positions no_rope_layer_interval num_labels position_buckets pretraining_tp query_pre_attn_scalar
    relative_attention_num_buckets sliding_window task_type_vocab_size type_vocab_size
    original_max_position_embeddings max_relative_positions
    """
)
EMBEDDED = (
    "dim",
    "embedding_size",
    "hidden_size",
    "max_position_embeddings",
    "task_type_vocab_size",
    "type_vocab_size",
    "vocab_size",
)
"""Of an encoder each is a size of one of its tensors."""
TOKENS = _set("bos_token_id cls_token_id eos_token_id pad_token_id sep_token_id")
NUMBERS = _set(
    """
    attention_dropout attention_multiplier attention_probs_dropout_prob attn_logit_softcapping
    attn_pdrop classifier_dropout dropout embd_pdrop embedding_dropout embedding_multiplier
    final_logit_softcapping global_rope_theta hidden_dropout hidden_dropout_prob
    initializer_cutoff_factor initializer_range layer_norm_eps layer_norm_epsilon local_rope_theta
    logits_scaling mlp_dropout norm_eps partial_rotary_factor pooler_dropout qa_dropout resid_pdrop
    residual_multiplier rms_norm_eps rope_theta rotary_emb_base rotary_pct seq_classif_dropout
    sparse_pred_ignore_index summary_first_dropout summary_last_dropout
    """
)
FLAGS = _set(
    """
    attention_bias classifier_bias decoder_bias deterministic_flash_attn legacy mlp_bias norm_bias
    position_biased_input qk_layernorm relative_attention reorder_and_upcast_attn
    scale_attn_by_inverse_layer_idx scale_attn_weights share_att_key sparse_prediction
    summary_proj_to_labels summary_use_proj tie_word_embeddings use_bidirectional_attention
    use_parallel_residual use_sliding_window use_task_id
    """
)
FALSE = _set("add_cross_attention is_decoder is_encoder_decoder sinusoidal_pos_embds")
ACTIVATIONS = (
    "gelu",
    "gelu_fast",
    "gelu_new",
    "gelu_python",
    "gelu_pytorch_tanh",
    "mish",
    "quick_gelu",
    "relu",
    "silu",
    "swish",
    "tanh",
)
CHOICES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        _set(
            """
            activation activation_function classifier_activation conv_act hidden_act hidden_activation
            pooler_hidden_act summary_activation
            """
        ),
        ACTIVATIONS,
    ),
    "classifier_pooling": ("cls", "mean"),
    "norm_rel_ebd": ("layer_norm", "none"),
    "position_embedding_type": ("absolute",),
    "summary_type": ("cls_index", "first", "last", "mean"),
}
LISTS: dict[str, tuple[object, ...]] = {
    "layer_types": ("full_attention", "sliding_attention"),
    "no_rope_layers": (0, 1),
    "pos_att_type": ("c2p", "p2c", "p2p"),
}
ROPE_NUMBERS = _set(
    """
    attention_factor beta_fast beta_slow factor high_freq_factor low_freq_factor mscale mscale_all_dim
    original_max_position_embeddings partial_rotary_factor rope_theta
    """
)
ROPE_TYPES = ("default", "dynamic", "linear", "llama3", "longrope", "su", "yarn")
