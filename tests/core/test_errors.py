"""errors.py: one tree, and the tree that is drawn is the tree there is."""

import inspect
import pickle
import re

import pytest

from shared_router import errors

CLASSES: dict[str, type[Exception]] = {
    name: member
    for name, member in vars(errors).items()
    if inspect.isclass(member) and issubclass(member, Exception) and name != "RouterError"
}


def test_every_error_is_a_router_error_and_every_warning_a_router_warning() -> None:
    for name, member in CLASSES.items():
        root = errors.RouterWarning if name.endswith("Warning") else errors.RouterError
        assert issubclass(member, root)


def test_the_tree_in_the_docstring_names_every_class_under_its_parent() -> None:
    drawn: dict[str, str | None] = {}
    parents: list[str] = []
    for line in str(errors.__doc__).splitlines():
        found = re.match(r"^([ │├└─]*)(Router\w+|\w+Error|\w+Warning)\b", line)
        if found is None or not line.startswith("    "):
            continue
        depth = (len(found[1]) - 4) // 4
        parents[depth:] = [found[2]]
        drawn[found[2]] = parents[depth - 1] if depth else None
    roots = {"RouterError", "RouterWarning"}
    assert drawn == {name: None if name in roots else _parent(name) for name in {*CLASSES, *roots}}


def _parent(name: str) -> str:
    ours = [base.__name__ for base in CLASSES[name].__bases__ if base.__module__ == errors.__name__]
    return ours[0]


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.InvalidInputError, ValueError),
        (errors.QueryError, ValueError),
        (errors.UnknownNameError, LookupError),
        (errors.ContractError, AssertionError),
        (errors.MissingExtraError, ImportError),
        (errors.ArtifactNotFoundError, FileNotFoundError),
        (errors.RouterWarning, UserWarning),
    ],
)
def test_an_error_is_also_the_builtin_that_callers_catch(
    error: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


def test_a_missing_extra_says_the_command_that_installs_it() -> None:
    error = errors.MissingExtraError.of("torch", "torch")
    assert str(error) == 'torch is not installed; run: pip install "routellm-adapters[torch]"'


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_an_error_survives_pickling_as_between_processes(name: str) -> None:
    error = CLASSES[name]("rule, value, fix")
    assert str(pickle.loads(pickle.dumps(error))) == "rule, value, fix"
