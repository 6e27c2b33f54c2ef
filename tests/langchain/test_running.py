"""A counter waits for no call that is over."""

import asyncio
from typing import Any

import pytest

from langchain_routellm import RoutedChatModel, SavingsCallback
from shared_router import RouterWarning, TokenPrices
from tests.langchain.fake_tool_models import ChatElm
from tests.langchain.models import decision_of, routed

STRONG, WEAK = TokenPrices(10, 30), TokenPrices(1, 3)


class Waiting(ChatElm):
    """A model that never answers."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.Event().wait()


async def test_calls_that_were_cancelled_are_forgotten() -> None:
    counting = SavingsCallback()
    model = routed(strong=Waiting())
    for _ in range(300):
        task = asyncio.create_task(model.ainvoke("hard", {"callbacks": [counting]}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert counting._models == {}
    tasks = [asyncio.create_task(model.ainvoke("hard", {"callbacks": [counting]})) for _ in range(300)]
    await asyncio.sleep(0.05)
    assert len(counting._models) == 300
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert counting._models == {}


async def test_a_task_that_outlives_its_calls_leaves_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("langchain_routellm.running.MOST", 10)
    counting = SavingsCallback()
    model = routed(strong=Waiting())
    for _ in range(30):
        inner = model.ainvoke("hard", {"callbacks": [counting]})
        inner.send(None)  # this very task is what runs it
        inner.close()
    assert len(counting._models) <= 10


async def test_calls_that_run_at_once_are_all_counted() -> None:
    counting = SavingsCallback()
    model = routed()
    await asyncio.gather(*(model.ainvoke("easy", {"callbacks": [counting]}) for _ in range(300)))
    model.batch(["hard"] * 100, {"callbacks": [counting]})
    assert (counting.usage["weak"].calls, counting.usage["strong"].calls) == (300, 100)
    assert len(counting._models) == 0


def _model(prices: Any) -> RoutedChatModel:
    return routed(prices=prices)


@pytest.mark.parametrize("make", [_model, SavingsCallback])
def test_a_strong_model_cheaper_than_the_weak_one_is_warned_of(make: Any) -> None:
    with pytest.warns(RouterWarning, match="got strong cheaper than weak; are the two exchanged") as caught:
        make({"strong": WEAK, "weak": STRONG})
    assert len(caught) == 1
    make({"strong": STRONG, "weak": WEAK})
    make({"strong": STRONG, "weak": STRONG})
    make({"strong": TokenPrices(1, 30), "weak": TokenPrices(2, 3)})


def test_a_missing_price_is_said_once() -> None:
    model = routed(prices={"strong": STRONG})
    assert "dollars" in decision_of(model.invoke("hard"))
    with pytest.warns(RouterWarning, match="got none for weak, whose answers say no dollars") as caught:
        answers = model.batch(["easy one", "easy two"])
    assert len(caught) == 1
    assert all("dollars" not in decision_of(answer) for answer in answers)
    assert "dollars" not in decision_of(model.invoke("easy"))
