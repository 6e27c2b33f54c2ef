"""A request's model says what is asked for, in every way that clients write it."""

import pytest

from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.serving.asked_model import AskedModel, asked_model

MODELS = {"gpt-4.1": "strong", "router-7b": "weak"}
ROUTERS = ("static-v2", "knn", "knn-2")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("auto", AskedModel()),
        ("strong", AskedModel(route="strong")),
        ("gpt-4.1", AskedModel(route="strong")),
        ("router-7b", AskedModel(route="weak")),
        ("router-static-v2-0.11593", AskedModel("static-v2", 0.11593)),
        ("router-static-v2-1e-05", AskedModel("static-v2", 1e-05)),
        ("router-static-v2-1.5E-3", AskedModel("static-v2", 0.0015)),
        ("router-static-v2-1e+0", AskedModel("static-v2", 1.0)),
        ("router-static-v2-1e-400", AskedModel("static-v2", 0.0)),
        ("router-static-v2--0.0", AskedModel("static-v2", 0.0)),
        ("router-static-v2-.5", AskedModel("static-v2", 0.5)),
        ("router-knn-0", AskedModel("knn", 0.0)),
        ("router-knn-2-0.5", AskedModel("knn-2", 0.5)),
    ],
)
def test_a_name_asks_for_routing_or_for_a_model(name: str, asked: AskedModel) -> None:
    assert asked_model(name, models=MODELS, routers=ROUTERS) == asked


@pytest.mark.parametrize(
    "name",
    [
        "router-static-v2",
        "router-static-v2-",
        "router-static-v2-1.0001",
        "router-static-v2-1e400",
        "router-static-v2--0.1",
        "router-static-v2-nan",
        "router-static-v2-inf",
        "router-static-v2- 0.5",
        "router-static-v2-0_5",
        "router-static-v2-0.5\n",
        "router-static-v2-٠.٥",
        "router--0.5",
        "router-",
        "router-" + "-1" * 100_000,
    ],
)
def test_a_threshold_that_is_none_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(
        (InvalidInputError, UnknownNameError), match=r"a threshold in \[0, 1\]|must be one of"
    ) as caught:
        asked_model(name, models=MODELS, routers=ROUTERS)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "name", ["", "AUTO", "auto ", "router-mf-0.3", "gpt-4.1\r\nx: y", "../strong", "\ud800"]
)
def test_a_name_that_nobody_has_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(UnknownNameError, match="must be one of") as caught:
        asked_model(name, models=MODELS, routers=ROUTERS)
    assert not name or name not in str(caught.value)


@pytest.mark.parametrize("name", [None, 3, ["auto"], {"a": 1}, True, 1e400])
def test_a_model_that_is_no_text_is_refused(name: object) -> None:
    with pytest.raises(InvalidInputError, match="model must be a text"):
        asked_model(name, models=MODELS, routers=ROUTERS)
