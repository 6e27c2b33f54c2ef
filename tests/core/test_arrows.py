"""Which room may import which: the arrows of docs/architecture.md, read from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared_router

CORE = Path(shared_router.__file__).parent
ROOT = CORE.parent

ORDER = (
    ("errors",),
    ("text", "choices", "progress", "probe", "spreadsheets"),
    ("quantiles", "win_probabilities", "tenants", "lots"),
    ("follow_ups", "injected_text", "markup", "small_talk", "pieces", "text_features"),
    ("query", "costs", "named_conversations"),
    ("messages", "stickiness"),
    ("decisions",),
    ("rules", "conversations", "observers", "posterior_sampling"),
    ("exploration", "leanings"),
    ("checkpoints",),
    ("embedding", "preferences", "records"),
    ("training", "learners"),
    ("labels",),
    ("checkpointed",),
    ("router",),
    ("scoring", "testing"),
    ("routers", "guarding"),
    ("published", "pretrained", "predictors"),
    ("calibration", "evaluation", "scorers"),
    ("registry",),
    ("source", "suggesting", "calibrated"),
    ("policy_rules",),
    ("policy_file",),
    ("thresholds",),
    ("threshold_rule", "policy_saving"),
    ("deciding",),
    ("policy", "resilience", "telemetry"),
    ("plans", "proof", "split_policy", "experiments"),
    ("feedback",),
    ("__init__",),
    ("pretrained.build", "batch", "serving", "playground", "demo"),
    ("commands",),
    ("__main__",),
)
"""A room imports itself and what stands in an earlier line; `__init__` is the flat public names."""

FLOOR = {room: floor for floor, rooms in enumerate(ORDER) for room in rooms}
PROGRAMS = {"pretrained.build", "batch", "serving", "playground", "demo"}
KNOW_NO_CONCRETE_ROUTER = {"training", "learners", "calibration", "evaluation", "scorers"}


def test_every_file_stands_in_a_room_of_the_map() -> None:
    assert {_room(_module(path)) for path in CORE.rglob("*.py")} <= set(FLOOR)


def test_every_room_stands_once_in_the_table_of_the_docs() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page.partition("| room |")[2].partition("\n\n")[0]
    told = [
        name.strip("/") for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    told = [name.replace("/", ".") for name in told]
    assert [name for name in told if told.count(name) > 1] == []
    assert set(told) == set(FLOOR) - {"__init__", "__main__"}


def test_no_arrow_between_rooms_of_the_core_points_upward() -> None:
    upward = [
        f"{importer} -> {imported}"
        for importer, imported in _arrows(CORE)
        if imported.startswith("shared_router")
        and _room(importer) != _room(imported)
        and FLOOR[_room(imported)] >= FLOOR[_room(importer)]
    ]
    assert upward == []


def test_training_calibration_evaluation_and_scorers_know_no_concrete_router() -> None:
    known = [
        f"{importer} -> {imported}"
        for importer, imported in _arrows(CORE)
        if _room(importer) in KNOW_NO_CONCRETE_ROUTER and _room(imported) in ("routers", "published")
    ]
    assert known == []


def test_programs_are_imported_by_commands_alone() -> None:
    importers = {
        (_room(importer), _room(imported))
        for importer, imported in _arrows(CORE)
        if imported.startswith("shared_router")
        and _room(imported) in PROGRAMS | {"commands"}
        and _room(importer) != _room(imported)
    }
    assert {importer for importer, _ in importers} <= {"commands", "__main__"}


@pytest.mark.parametrize("adapter", ["langchain_routellm", "llamaindex_routellm"])
def test_an_adapter_imports_the_flat_public_names_and_not_the_other_adapter(adapter: str) -> None:
    ours = {"shared_router", "langchain_routellm", "llamaindex_routellm"}
    imported = {name for _, name in _arrows(ROOT / adapter) if name.split(".")[0] in ours - {adapter}}
    assert imported <= {"shared_router"}


def _arrows(package: Path) -> Iterator[tuple[str, str]]:
    """Yield every import of a package's files, also those in functions and under TYPE_CHECKING."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((_module(path), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((_module(path), name) for name in _imported(node.module, node))


def _imported(module: str, node: ast.ImportFrom) -> list[str]:
    """Return the modules that `from module import ...` reads: names in it, or files under it."""
    folder = ROOT.joinpath(*module.split("."))
    submodules = [
        f"{module}.{alias.name}"
        for alias in node.names
        if (folder / f"{alias.name}.py").is_file() or (folder / alias.name).is_dir()
    ]
    return submodules or [module]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def _room(module: str) -> str:
    parts = module.split(".")[1:]
    if not parts:
        return "__init__"
    return "pretrained.build" if parts[:2] == ["pretrained", "build"] else parts[0]
