"""prefix.py: a prompt's start is read once, and no answer changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import MistralConfig, MistralForCausalLM

from shared_router.training.instruction import Prompt
from shared_router.training.language_model import LanguageModel
from shared_router.training.lora import Lora
from tests.routers.tiny_models import tiny_language_model

PROMPT = Prompt("<|im_start|>Rate the answer to this<|im_end|>Q: ", "\nScore:<|im_end|>")
QUERIES = ["a", "prove that there are infinitely many primes", "say hello", "x" * 300, ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language_model(tmp_path_factory.mktemp("model"))


def make(folder: Path, **options: Any) -> LanguageModel:
    return LanguageModel.pretrained(folder, **{"max_length": 120, "prompt": PROMPT, **options})


def in_whole_passes(model: LanguageModel, queries: list[str]) -> NDArray[np.float64]:
    with torch.inference_mode():
        rows = [model.batch_logits([ids]) for ids in model.tokenize(queries)]
    return torch.cat(rows).double().numpy()


def test_answers_are_those_of_whole_passes_however_long_a_query_is(folder: Path) -> None:
    """The fourth query is cut to what 120 tokens leave beside the instruction."""
    model = make(folder)
    np.testing.assert_allclose(model.logits(QUERIES), in_whole_passes(model, QUERIES), atol=1e-5)
    assert model._prefix().n_tokens == len(model.tokenize.prefix) == 25


def test_answers_are_those_of_whole_passes_with_adapters(folder: Path) -> None:
    model = make(folder, lora=Lora(rank=4))
    for name, weight in model.module.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)  # they start at 0, as if there were none
    np.testing.assert_allclose(model.logits(QUERIES), in_whole_passes(model, QUERIES), atol=1e-5)


def test_answers_are_those_of_whole_passes_in_bfloat16(folder: Path) -> None:
    model = make(folder, dtype="bfloat16")
    np.testing.assert_allclose(model.logits(QUERIES), in_whole_passes(model, QUERIES), atol=0.02)


def test_what_is_kept_is_of_the_weights_as_they_are(folder: Path) -> None:
    model = make(folder)
    before = model.logits(QUERIES)
    with torch.no_grad():
        for weight in model.module["backbone"].parameters():
            weight.mul_(1.5)
    after = model.logits(QUERIES)
    assert np.abs(after - before).max() > 0.01
    np.testing.assert_allclose(after, in_whole_passes(model, QUERIES), atol=1e-5)


def test_a_model_whose_window_slides_is_asked_in_whole_passes(folder: Path, tmp_path: Path) -> None:
    tiny = make(folder)
    config = MistralConfig(
        vocab_size=tiny.tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        sliding_window=16,
    )
    tiny_language_model(tmp_path)
    MistralForCausalLM(config).save_pretrained(tmp_path)
    model = make(tmp_path)
    np.testing.assert_allclose(model.logits(QUERIES), in_whole_passes(model, QUERIES), atol=1e-5)
    assert model._prefix().n_tokens == 0


def test_a_short_start_is_read_with_each_query(folder: Path) -> None:
    model = make(folder, prompt=Prompt("Q: ", "\nScore:"))
    assert model._prefix().n_tokens == 0
    np.testing.assert_allclose(model.logits(QUERIES), in_whole_passes(model, QUERIES), atol=1e-5)


def test_no_queries_have_no_logits(folder: Path) -> None:
    assert make(folder).logits([]).shape == (0, 5)
