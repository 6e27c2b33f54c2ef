"""Checkpoints of fine-tuned routers, and models' folders, that name code or a repository or ask for too much.

Whatever a file says, loading it reaches no network and no import, and raises nothing but this project's
errors. `tests/benchmarks/checkpoint_damage.py` measures the time and the memory of the refusals.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
    Router,
    RouterError,
    TransformersEmbedder,
    load_published,
    load_router,
    save_artifact,
)
from shared_router.checkpoints.artifact import load_artifact
from tests.checkpoints.guards import guarded
from tests.checkpoints.test_tokenizer import HOSTILE as TOKENIZERS

pytest.importorskip("torch")

from shared_router.routers.bert import BertRouter  # noqa: E402
from shared_router.routers.causal_lm import CausalLMRouter  # noqa: E402
from tests.published.folders import bert_folder, causal_folder  # noqa: E402
from tests.routers import test_bert, test_causal_lm  # noqa: E402
from tests.routers.tiny_models import tiny_encoder, tiny_language_model  # noqa: E402

Change = Callable[[dict[str, Any]], object]

NAMES_CODE = [
    "_attn_implementation",
    "_attn_implementation_internal",
    "_experts_implementation",
    "_name_or_path",
    "adapter_kwargs",
    "architectures",
    "attn_implementation",
    "auto_map",
    "backbone",
    "base_model_name",
    "base_model_name_or_path",
    "base_model_tp_plan",
    "code_revision",
    "compression_config",
    "custom_pipelines",
    "dtype",
    "id2label",
    "kernel_config",
    "label2id",
    "name_or_path",
    "quantization_config",
    "text_config",
    "tokenizer_class",
    "tokenizer_file",
    "torch_dtype",
    "transformers_weights",
    "trust_remote_code",
    "use_kernels",
    "vocab_file",
]
HOSTILE: list[Any] = [
    "org/repository",
    "https://example.org/x",
    "os.system",
    ["org/repository"],
    {"AutoModel": "org/repository--code.Model"},
    {"quant_method": "bitsandbytes", "load_in_4bit": True},
    1 << 31,
    -1,
]
SIZES = {
    "num_labels": 10**7,
    "num_hidden_layers": 20_000,
    "hidden_size": 1 << 20,
    "intermediate_size": 1 << 20,
    "vocab_size": 1 << 20,
    "max_position_embeddings": 1 << 20,
    "type_vocab_size": 1 << 20,
}

NOT_OF_A_LLAMA = ("max_position_embeddings", "type_vocab_size")
"""Sizes of which a Llama makes nothing."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint of each kind: an encoder, a language model, and adapters of it."""
    folder = tmp_path_factory.mktemp("saved")
    model = tiny_language_model(folder / "model")
    routers: dict[str, Router] = {
        "bert": test_bert.fit(test_bert.make(tiny_encoder(folder / "encoder"))),
        "causal_lm": test_causal_lm.make(model, lora=None).fit(test_causal_lm.BATTLES),
        "adapters": test_causal_lm.make(model).fit(test_causal_lm.BATTLES),
    }
    for name, router in routers.items():
        router.save(folder / name)
    return {name: folder / name for name in routers}


@pytest.fixture
def changed(saved: dict[str, Path]) -> Iterator[Callable[[str, Change], Path]]:
    """A function that changes a checkpoint's settings until the end of the test."""
    originals = {folder: (folder / "config.json").read_bytes() for folder in saved.values()}

    def change(kind: str, how: Change) -> Path:
        config = json.loads(originals[saved[kind]])
        how(config["settings"])
        (saved[kind] / "config.json").write_text(json.dumps(config))
        return saved[kind]

    yield change
    for folder, content in originals.items():
        (folder / "config.json").write_bytes(content)


def load_guarded(folder: Path) -> Router | None:
    """Load a checkpoint, or return None where it is refused as it should be."""
    with guarded() as reached:
        try:
            router: Router | None = load_router(folder)
        except RouterError:
            router = None
    assert reached == []
    return router


CONFIGS = {"bert": "encoder_config", "causal_lm": "model_config"}


@pytest.mark.parametrize("key", NAMES_CODE)
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_config_that_names_code_or_a_repository_is_refused(
    changed: Callable[..., Path], kind: str, key: str
) -> None:
    for value in HOSTILE:
        assert load_guarded(changed(kind, lambda s: s[CONFIGS[kind]].update({key: value}))) is None  # noqa: B023


@pytest.mark.parametrize("kind", ["bert", "causal_lm", "adapters"])
def test_no_setting_with_a_hostile_value_reaches_the_network_or_an_import(
    changed: Callable[..., Path], saved: dict[str, Path], kind: str
) -> None:
    settings = load_artifact(saved[kind]).settings
    places: list[tuple[str, str | None]] = [(key, None) for key in settings]
    places += [(key, inner) for key, value in settings.items() if isinstance(value, dict) for inner in value]
    for key, inner in places:
        for value in HOSTILE[::2]:

            def put(
                settings: dict[str, Any], key: str = key, inner: str | None = inner, to: Any = value
            ) -> None:
                if inner is None:
                    settings[key] = to
                else:
                    settings[key][inner] = to

            load_guarded(changed(kind, put))


@pytest.mark.parametrize(
    ("kind", "key"),
    [("bert", key) for key in SIZES] + [("causal_lm", key) for key in SIZES if key not in NOT_OF_A_LLAMA],
)
def test_a_size_that_no_tensor_has_is_refused(changed: Callable[..., Path], kind: str, key: str) -> None:
    folder = changed(kind, lambda settings: settings[CONFIGS[kind]].update({key: SIZES[key]}))
    with pytest.raises(ArtifactSchemaError):
        load_router(folder)


@pytest.mark.parametrize("kind", ["bert", "causal_lm"])
def test_a_checkpoints_tokenizer_has_no_id_that_the_model_lacks(
    saved: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    artifact = load_artifact(saved[kind])
    tokenizer = json.loads(artifact.files["tokenizer.json"])
    tokenizer["model"]["vocab"]["more"] = 1 << 31
    files = {"tokenizer.json": json.dumps(tokenizer).encode()}
    save_artifact(tmp_path, type(artifact)(artifact.kind, artifact.settings, artifact.tensors, files))
    with pytest.raises(ArtifactSchemaError, match="ids must be whole numbers in"):
        load_router(tmp_path)


def test_a_checkpoint_names_no_repository(tmp_path: Path) -> None:
    """The hub's name of an encoder or a model is what a user says, not what a file says."""
    router = test_bert.fit(test_bert.make(tiny_encoder(tmp_path / "encoder")))
    router.encoder, router.revision = "org/repository", "main"
    router.save(tmp_path / "router")
    assert "org/" not in (tmp_path / "router" / "config.json").read_text()
    loaded = BertRouter.load(tmp_path / "router")
    assert loaded.encoder is None
    with pytest.raises(InvalidInputError, match="one that was loaded has none; make another"):
        test_bert.fit(loaded)


@pytest.mark.parametrize(
    "place", ["org/repository", "//host/share", "\\\\host\\share", ".", "/none", "/\0", 3, None]
)
def test_adapters_load_no_model_but_a_folder_of_this_machine(
    changed: Callable[..., Path], place: Any
) -> None:
    folder = changed("adapters", lambda settings: settings.update(model=place))
    with guarded() as reached, pytest.raises(ArtifactNotFoundError, match="give load its place as model"):
        CausalLMRouter.load(folder)
    assert reached == []


@pytest.mark.parametrize(
    "change", [{"rank": 10**9}, {"alpha": 10**12}, {"targets": ["lm_head"]}, {"targets": [3]}, {"dropout": 2}]
)
def test_settings_of_other_adapters_than_the_checkpoints_are_refused(
    changed: Callable[..., Path], change: dict[str, Any]
) -> None:
    folder = changed("adapters", lambda settings: settings["lora"].update(change))
    with pytest.raises(ArtifactSchemaError):
        CausalLMRouter.load(folder)


FOLDERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], object]]] = {
    "embedder": (tiny_encoder, lambda folder: TransformersEmbedder(folder).embed(["a"])),
    "published bert": (bert_folder, load_published),
    "published causal_llm": (causal_folder, lambda folder: load_published(folder, dtype="float32")),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: make(tmp_path_factory.mktemp("folder")) for kind, (make, _) in FOLDERS.items()}


FILES = {
    "config.json": [*NAMES_CODE, "model_type", "num_hidden_layers", "hidden_size"],
    "tokenizer_config.json": [
        *NAMES_CODE,
        "added_tokens_decoder",
        "extra_special_tokens",
        "model_max_length",
    ],
    "adapter_config.json": ["base_model_name_or_path"],
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", FOLDERS)
def test_no_value_of_a_models_folder_reaches_the_network_or_an_import(
    tmp_path: Path, kind: str, file: str
) -> None:
    make, load = FOLDERS[kind]
    folder = make(tmp_path)
    original = json.loads((folder / file).read_text()) if (folder / file).exists() else {}
    load(folder)
    for key in FILES[file]:
        for value in HOSTILE[::2]:
            (folder / file).write_text(json.dumps({**original, key: value}))
            with guarded() as reached:
                try:
                    load(folder)
                except RouterError:
                    continue
                finally:
                    assert reached == [], (key, value)


@pytest.mark.parametrize("name", [name for name in TOKENIZERS if "the table" not in name])
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_models_folder_whose_tokenizer_asks_for_too_much_is_refused(
    folders: dict[str, Path], kind: str, name: str
) -> None:
    tokenizer = folders[kind] / "tokenizer.json"
    original = tokenizer.read_bytes()
    tokenizer.write_bytes(TOKENIZERS[name])
    try:
        with pytest.raises(RouterError):
            FOLDERS[kind][1](folders[kind])
    finally:
        tokenizer.write_bytes(original)


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_models_folder_whose_config_is_larger_than_its_weights_is_refused(
    tmp_path: Path, kind: str
) -> None:
    make, load = FOLDERS[kind]
    folder = make(tmp_path)
    original = json.loads((folder / "config.json").read_text())
    for key in ("num_hidden_layers", "hidden_size", "vocab_size"):
        (folder / "config.json").write_text(json.dumps({**original, key: SIZES[key]}))
        with pytest.raises(RouterError):
            load(folder)
