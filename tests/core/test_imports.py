"""What importing the packages loads, and what they export."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import shared_router
from shared_router import MissingExtraError

PACKAGES = ["shared_router", "langchain_routellm", "llamaindex_routellm"]


PROGRAMS = (
    "shared_router.demo",
    "shared_router.serving",
    "shared_router.playground",
    "shared_router.__main__",
)
"""What nothing imports but a command; each may import libraries of its own."""


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a statement adds to a fresh interpreter."""
    # __mp_main__ is multiprocessing's other name for __main__
    program = (
        "import sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "added = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(added - {*sys.stdlib_module_names, '__mp_main__'}))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(done.stdout.split())


def test_importing_the_core_loads_the_standard_library_alone() -> None:
    """numpy takes as long to import as all the rest, and a program that only names a router need not wait."""
    assert loaded_by("import shared_router") == {"shared_router"}


def test_a_first_score_waits_for_no_library_that_it_does_not_need() -> None:
    """asyncio and what it imports take half as long as numpy, csv and shutil as a hundred scores."""
    program = (
        "import sys; before = set(sys.modules)\n"
        "from shared_router import load_router; load_router().win_probability(['Why?'])\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"asyncio", "csv", "logging", "shutil", "uuid"} & set(done.stdout.split())


def test_a_first_score_loads_nothing_that_saves_or_that_reads_another_tokenizer() -> None:
    """The shipped router spells by `longest_pieces`, and a module costs a millisecond or more."""
    program = (
        "import sys\n"
        "from shared_router import load_router; load_router().win_probability(['Why?'])\n"
        "print(*sorted(name for name in sys.modules if name.startswith('shared_router.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    others = {"checkpoints.folders", "checkpoints.tokenizer", "embedding.word_pieces"}
    loaded = set(done.stdout.split())
    assert "shared_router.embedding.longest_pieces" in loaded
    assert not {f"shared_router.{name}" for name in others} & loaded


def test_every_module_of_the_core_imports_nothing_but_the_standard_library_and_numpy() -> None:
    import shared_router

    names = [
        module.name
        for module in pkgutil.walk_packages(shared_router.__path__, "shared_router.")
        if not module.name.startswith(PROGRAMS)
    ]
    statements = "\n".join(f"import {name}" for name in names)
    assert loaded_by(statements) <= {"shared_router", "numpy"}


def test_deciding_with_a_router_loads_no_more_than_the_core() -> None:
    statement = (
        "from shared_router import RoutingPolicy\n"
        "from shared_router.testing import FixedRouter\n"
        "RoutingPolicy(FixedRouter(0.7)).decide('x')"
    )
    assert loaded_by(statement) <= {"shared_router", "numpy"}


@pytest.mark.parametrize(
    ("package", "framework", "extra"),
    [
        ("langchain_routellm", "langchain_core", "langchain"),
        ("llamaindex_routellm", "llama_index", "llamaindex"),
    ],
)
def test_an_adapter_without_its_framework_says_which_extra_brings_it(
    package: str, framework: str, extra: str
) -> None:
    program = f"import sys; sys.modules[{framework!r}] = None; import {package}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        f"shared_router.errors.MissingExtraError: {framework} is not installed; "
        f'run: pip install "routellm-adapters[{extra}]"'
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_public_names_are_sorted_and_all_there(package: str) -> None:
    module = importlib.import_module(package)
    names = list(getattr(module, "__all__", []))
    assert names == sorted(set(names))
    for name in names:
        try:
            getattr(module, name)
        except MissingExtraError:  # a name may need more than the tests install
            assert name in module._LAZY


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_class_and_function_of_the_package_itself_is_exported(package: str) -> None:
    module = importlib.import_module(package)
    public = {
        name
        for name, member in vars(module).items()
        if not name.startswith("_") and str(getattr(member, "__module__", "")).startswith(package)
    }
    assert public <= set(getattr(module, "__all__", []))


def test_every_error_is_exported() -> None:
    import shared_router
    from shared_router import errors

    ours = {name for name, member in vars(errors).items() if isinstance(member, type)}
    assert ours <= set(shared_router.__all__)


def test_no_module_has_the_name_of_something_public_in_it() -> None:
    """Python sets a module on its package once it is imported, and so in the place of what is public."""
    modules = {path.stem for path in Path(shared_router.__file__).parent.glob("*")}
    assert modules & set(shared_router.__all__) == set()
