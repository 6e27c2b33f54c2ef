from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

PACKAGES = {
    "shared_router": None,
    "langchain_routellm": "langchain_core",
    "llamaindex_routellm": "llama_index.core",
}
"""Each package, and the framework that it needs."""


@pytest.mark.parametrize("package", PACKAGES)
def test_every_argument_of_a_public_function_is_told(package: str) -> None:
    """In the form that the reference reads: indented below `Args:`, its name and a colon."""
    if (framework := PACKAGES[package]) is not None:
        pytest.importorskip(framework)
    module = import_module(package)
    functions = [(name, getattr(module, name)) for name in module.__all__]
    untold = {
        f"{name}({argument})"
        for name, function in functions
        if inspect.isfunction(function)
        for argument in inspect.signature(function).parameters
        if not re.search(rf"^ +\**{argument}:", inspect.getdoc(function) or "", re.MULTILINE)
    }
    assert untold == set()
