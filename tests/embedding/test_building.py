"""building.py: every architecture that a checkpoint may be of comes back from data alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router import ArtifactSchemaError
from shared_router.checkpoints.model_keys import ENCODERS, LANGUAGE_MODELS
from shared_router.embedding.building import built, checked_keys, config_from, make_config

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SMALL = {
    "vocab_size": 64,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GROUPED = {"num_key_value_heads": 1}
MORE: dict[str, dict[str, Any]] = {
    "modernbert": {"cls_token_id": 1, "sep_token_id": 2},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8},
    **dict.fromkeys(["gemma", "gemma2", "gemma3_text", "mistral", "qwen3"], GROUPED | {"head_dim": 8}),
    **dict.fromkeys(["granite", "llama", "olmo2", "phi", "phi3", "qwen2", "smollm3"], GROUPED),
}


@pytest.mark.parametrize("kind", [*ENCODERS, *LANGUAGE_MODELS])
def test_an_architecture_comes_back_from_the_keys_that_are_kept_of_it(kind: str) -> None:
    auto = transformers.AutoModelForSequenceClassification if kind in ENCODERS else transformers.AutoModel
    types = ENCODERS if kind in ENCODERS else LANGUAGE_MODELS
    config = transformers.AutoConfig.for_model(kind, num_labels=3, **SMALL, **MORE.get(kind, {}))
    model = auto.from_config(config).eval()
    kept = json.loads(json.dumps(checked_keys(config, types)))
    shapes = {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}
    again = built(auto, make_config(kept), shapes).eval()
    again.load_state_dict(model.state_dict())
    ids = torch.tensor([[1, 5, 6, 7, 2]])
    with torch.no_grad():
        assert torch.equal(model(input_ids=ids)[0], again(input_ids=ids)[0])
    assert again.config._attn_implementation in ("eager", "sdpa")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"quantization_config": {"quant_method": "bitsandbytes"}},
            r"\['quantization_config'\] are none that",
        ),
        ({"chunk_size_feed_forward": "a"}, "'chunk_size_feed_forward' is none or has none"),
        ({"is_encoder_decoder": True}, "'is_encoder_decoder' is none or has none"),
        ({"num_hidden_layers": 20_000}, "num_hidden_layers is 20000 and tensors for at most 2"),
        ({"hidden_size": 1 << 20}, "hidden_size is 1048576 and tensors for at most 259"),
        ({"vocab_size": 1 << 20}, "vocab_size is 1048576 and tensors for at most 259"),
        (
            {"max_position_embeddings": 1 << 20},
            "max_position_embeddings is 1048576 and no tensor of that size",
        ),
        ({"type_vocab_size": 1 << 20}, "type_vocab_size is 1048576 and no tensor of that size"),
        ({"model_type": "t5"}, "must be of a type among"),
    ],
)
def test_a_folder_whose_config_is_more_than_its_weights_is_refused(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    from tests.routers.tiny_models import tiny_encoder

    path = tiny_encoder(tmp_path) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))
    with pytest.raises(ArtifactSchemaError, match=message):
        config_from(tmp_path, ENCODERS, num_labels=3)


def test_what_names_code_or_a_repository_in_a_folder_is_left_out(tmp_path: Path) -> None:
    from tests.routers.tiny_models import tiny_encoder

    path = tiny_encoder(tmp_path) / "config.json"
    names = {
        "_attn_implementation": "org/kernel",
        "attn_implementation": "org/kernel",
        "auto_map": {"AutoConfig": "org/repository--code.Config"},
        "base_model_name": "org/repository",
        "_name_or_path": "org/repository",
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | names))
    config = config_from(tmp_path, ENCODERS, num_labels=3)
    assert "org/" not in config.to_json_string(use_diff=False)
    assert not hasattr(config, "auto_map")


def test_an_adapter_is_no_model_of_its_own(tmp_path: Path) -> None:
    from tests.routers.tiny_models import tiny_encoder

    (tiny_encoder(tmp_path) / "adapter_config.json").write_text(
        '{"base_model_name_or_path": "org/repository"}'
    )
    with pytest.raises(ArtifactSchemaError, match="must be a model, and it is an adapter of another"):
        config_from(tmp_path, ENCODERS)
