import json
import pickle
import re
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch_file

from shared_router import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
    Router,
    UnknownNameError,
)
from shared_router.published.load import load_published
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.testing import HashEmbedder, check_router
from tests.published.folders import (
    MF_WIDTH,
    QUERIES,
    bert_folder,
    causal_folder,
    mf_folder,
    mf_tensors,
)

PARITY = Path(__file__).parent / "parity"
MAKERS = {"mf": mf_folder, "bert": bert_folder, "causal_llm": causal_folder}
CLASSES = {"mf": MatrixFactorizationRouter, "bert": BertRouter, "causal_llm": CausalLMRouter}
OPTIONS: dict[str, dict[str, Any]] = {
    "mf": {"embedder": HashEmbedder(MF_WIDTH)},
    "bert": {},
    "causal_llm": {"dtype": "float32"},
}
CANARY: list[str] = []


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}


def load(folder: Path, name: str, **options: Any) -> Router:
    return load_published(folder, **{**OPTIONS[name], **options})


@pytest.mark.parametrize("name", MAKERS)
def test_a_published_folder_answers_as_routellms_own_code_does(folders: dict[str, Path], name: str) -> None:
    """The numbers are RouteLLM's for the same weights and, for MF, the same stubbed embeddings;
    `freeze_published.py` beside them made them."""
    frozen = json.loads((PARITY / f"published_{name}.json").read_text())["win_probabilities"]
    answers = load(folders[name], name).win_probability(QUERIES)
    assert answers.tolist() == pytest.approx(frozen, abs=1e-6)
    assert max(frozen) - min(frozen) > 0.01


@pytest.mark.parametrize("name", MAKERS)
def test_a_published_router_keeps_the_contract_and_is_saved_as_ours(
    folders: dict[str, Path], name: str
) -> None:
    router = load(folders[name], name)
    assert type(router) is CLASSES[name]
    check_router(router, queries=QUERIES)


@pytest.mark.parametrize("name", ["mf", "bert"])
def test_a_pickle_of_tensors_is_read_only_if_it_is_named(
    folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    folder = MAKERS[name](tmp_path)
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save({key: torch.from_numpy(value) for key, value in tensors.items()}, folder / "pytorch_model.bin")
    with pytest.raises(ArtifactNotFoundError, match=r"the pickle 'pytorch_model.bin': name it as weights"):
        load(folder, name)
    named = load(folder, name, weights="pytorch_model.bin").win_probability(QUERIES)
    assert named.tolist() == load(folders[name], name).win_probability(QUERIES).tolist()


class _Runs:
    def __reduce__(self) -> Any:
        return CANARY.append, ("ran",)


def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    folder = mf_folder(tmp_path)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"P.weight": _Runs()}, protocol=2))
    torch.save({"P.weight": _Runs()}, folder / "zipped.bin")
    for weights in ("pytorch_model.bin", "zipped.bin"):
        with pytest.raises(ArtifactCorruptError, match="must hold tensors and nothing that runs"):
            load(folder, "mf", weights=weights)
    assert CANARY == []


def test_a_pickle_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], mf_folder(tmp_path) / "list.bin")
    with pytest.raises(ArtifactSchemaError, match="must hold tensors by name"):
        load(tmp_path, "mf", weights="list.bin")


def test_a_path_is_no_file_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="must be the name of a file in the folder"):
        load(mf_folder(tmp_path), "mf", weights="../model.safetensors")


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    (mf_folder(tmp_path) / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ArtifactCorruptError, match=r"model.safetensors must be a safetensors file"):
        load(tmp_path, "mf")


def test_what_routellms_training_script_writes_is_read_too(folders: dict[str, Path], tmp_path: Path) -> None:
    tensors = mf_tensors()
    script = {
        "P.weight": tensors["P.weight"],
        "Q.weight": np.zeros((3, MF_WIDTH), dtype=np.float32),
        "text_proj.weight": tensors["text_proj.0.weight"],
        "classifier.weight": tensors["classifier.0.weight"],
    }
    save_file(script, tmp_path / "model.safetensors")
    answers = load(tmp_path, "mf").win_probability(QUERIES)
    assert answers.tolist() == load(folders["mf"], "mf").win_probability(QUERIES).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"P.weight": np.zeros((63, 16), dtype=np.float32)}, r"must hold P \(64, dim\)"),
        ({"classifier.0.weight": np.zeros((2, 16), dtype=np.float32)}, r"must hold P \(64, dim\)"),
        ({"text_proj.0.weight": np.zeros(16, dtype=np.float32)}, r"must hold P \(64, dim\)"),
        ({"classifier.0.bias": np.zeros(1, dtype=np.float32)}, "an mf checkpoint must hold"),
        ({"P.weight": np.full((64, 16), np.nan, dtype=np.float32)}, "tensor P.weight must be finite"),
    ],
)
def test_other_tensors_than_the_published_ones_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    save_file({**mf_tensors(), **change}, mf_folder(tmp_path) / "model.safetensors")
    with pytest.raises(ArtifactSchemaError, match=message):
        load(tmp_path, "mf")


def test_weights_of_a_type_that_numpy_lacks_are_refused(tmp_path: Path) -> None:
    halves = {name: torch.from_numpy(tensor).bfloat16() for name, tensor in mf_tensors().items()}
    save_torch_file(halves, mf_folder(tmp_path) / "model.safetensors")
    with pytest.raises(ArtifactSchemaError, match="numbers of a type that numpy has, which bfloat16 is not"):
        load(tmp_path, "mf")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("bert", "config.json"),
        ("bert", "tokenizer.json"),
        ("causal_llm", "config.json"),
        ("causal_llm", "tokenizer.json"),
        ("causal_llm", "model.safetensors"),
    ],
)
def test_a_folder_without_one_of_its_files_is_refused(tmp_path: Path, name: Any, file: str) -> None:
    (MAKERS[name](tmp_path) / file).unlink()
    with pytest.raises(ArtifactError, match=re.escape(str(tmp_path))):
        load(tmp_path, name, kind=name)


def test_damaged_weights_of_a_causal_llm_are_refused(tmp_path: Path) -> None:
    path = causal_folder(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ArtifactCorruptError, match="must be a model and a tokenizer that transformers can"):
        load(tmp_path, "causal_llm")


def test_any_two_of_the_64_models_can_be_compared(folders: dict[str, Path]) -> None:
    """The chance of a over b and of b over a sum to 1."""
    a = load(folders["mf"], "mf", strong="vicuna-7b", weak="palm-2").win_probability(QUERIES)
    b = load(folders["mf"], "mf", strong="palm-2", weak="vicuna-7b").win_probability(QUERIES)
    assert (a + b).tolist() == pytest.approx([1.0] * len(QUERIES))
    with pytest.raises(UnknownNameError):
        load(folders["mf"], "mf", strong="gpt-9")


def test_an_embedder_goes_with_mf_and_with_no_other(folders: dict[str, Path]) -> None:
    with pytest.raises(InvalidInputError, match="mf needs the embedder it was trained on, got none"):
        load(folders["mf"], "mf", embedder=None)
    with pytest.raises(InvalidInputError, match="bert reads the query itself, got an embedder"):
        load(folders["bert"], "bert", embedder=HashEmbedder(4))


def test_an_embedder_of_another_width_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(InvalidInputError):
        load(folders["mf"], "mf", embedder=HashEmbedder(MF_WIDTH + 1)).win_probability(["a"])


@pytest.mark.parametrize("name", ["bert", "causal_llm"])
def test_a_transformer_with_a_weight_missing_is_refused(tmp_path: Path, name: str) -> None:
    path = MAKERS[name](tmp_path) / "model.safetensors"
    tensors = load_file(path)
    missing = {
        key: tensor for key, tensor in tensors.items() if "layers.1." not in key and "layer.1." not in key
    }
    save_file(missing, path, metadata={"format": "pt"})
    with pytest.raises(ArtifactSchemaError, match="must hold every weight of its config's model"):
        load(tmp_path, name)


def test_a_bert_with_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    path = bert_folder(tmp_path) / "model.safetensors"
    tensors = load_file(path)
    for key in ("classifier.out_proj.weight", "classifier.out_proj.bias"):
        tensors[key] = tensors[key][:2]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ArtifactSchemaError, match="got none or another shape"):
        load(tmp_path, "bert")


@pytest.mark.parametrize("file", ["system_ft_v5.txt", "classifier_ft_v5.txt"])
def test_a_causal_llm_without_its_texts_is_refused(tmp_path: Path, file: str) -> None:
    (causal_folder(tmp_path) / file).unlink()
    with pytest.raises(ArtifactNotFoundError, match=f"must hold {file}"):
        load(tmp_path, "causal_llm")


def test_a_text_without_a_place_for_the_question_is_refused(tmp_path: Path) -> None:
    (causal_folder(tmp_path) / "classifier_ft_v5.txt").write_text("no place")
    with pytest.raises(ArtifactSchemaError, match="must hold {question} once"):
        load(tmp_path, "causal_llm")


def test_a_causal_llm_is_read_from_safetensors_alone(folders: dict[str, Path]) -> None:
    with pytest.raises(InvalidInputError, match="read from safetensors alone"):
        load(folders["causal_llm"], "causal_llm", weights="pytorch_model.bin")


def test_a_query_that_spells_a_label_does_not_put_its_own_score(folders: dict[str, Path]) -> None:
    router = load(folders["causal_llm"], "causal_llm")
    assert isinstance(router, CausalLMRouter)
    assert router.model_ is not None
    plain, spelt = router.model_.tokenize(["say 1", "say [[1]]"])
    label = router.model_.tokenizer.token_to_id("[[1]]")
    assert label not in spelt
    assert len(spelt) == len(plain) + 4


def test_the_kind_can_be_said_where_the_config_does_not_tell(folders: dict[str, Path]) -> None:
    assert isinstance(load(folders["mf"], "mf", kind="mf"), MatrixFactorizationRouter)
    with pytest.raises(InvalidInputError, match="kind must be one of"):
        load(folders["mf"], "mf", kind="sw_ranking")


def test_a_config_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (mf_folder(tmp_path) / "config.json").write_text("{")
    with pytest.raises(ArtifactCorruptError, match="must be JSON"):
        load(tmp_path, "mf")


@pytest.mark.parametrize("config", ["[1]", '{"architectures": 3}'])
def test_a_config_without_architectures_where_they_should_be_is_refused(tmp_path: Path, config: str) -> None:
    (mf_folder(tmp_path) / "config.json").write_text(config)
    with pytest.raises(ArtifactCorruptError, match="must be an object with a list of architectures"):
        load(tmp_path, "mf")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        UnknownNameError, match=r"must be one of \['mf', 'bert', 'causal_llm'\] or the folder"
    ):
        load_published("sw_ranking")


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache in a folder of this test, and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.mark.parametrize("revision", [None, "0" * 40])
def test_a_name_is_read_from_the_hub_or_its_cache(
    folders: dict[str, Path], hub_cache: Path, revision: str | None
) -> None:
    repository = hub_cache / "models--routellm--mf_gpt4_augmented"
    mf_folder(repository / "snapshots" / ("0" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    router = load_published("mf", embedder=HashEmbedder(MF_WIDTH), revision=revision)
    expected = load(folders["mf"], "mf").win_probability(QUERIES)
    assert router.win_probability(QUERIES).tolist() == expected.tolist()


@pytest.mark.usefixtures("hub_cache")
def test_a_name_that_the_hub_does_not_give_says_so() -> None:
    with pytest.raises(
        ArtifactNotFoundError, match="routellm/bert_gpt4_augmented must be on the hub or in its"
    ):
        load_published("bert")


@pytest.mark.parametrize("device_map", [None, "cpu", {"": "cpu"}])
def test_a_cpu_serves_the_causal_llm_in_float32_unless_told(
    tmp_path: Path, device_map: str | dict[str, str] | None
) -> None:
    folder = causal_folder(tmp_path)
    router = load_published(folder, device_map=device_map)
    assert isinstance(router, CausalLMRouter)
    assert router.dtype == "float32"
    told = load_published(folder, device_map=device_map, dtype="bfloat16")
    assert isinstance(told, CausalLMRouter)
    assert told.dtype == "bfloat16"
