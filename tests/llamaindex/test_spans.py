import asyncio
import gc
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.spans import OpenSpans
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, SpyRouter, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

dispatcher = get_dispatcher(__name__)


@dispatcher.span
def asked(query: object, then: Any) -> Any:
    return then()


@dispatcher.span
async def aasked(query: str, then: Any) -> Any:
    return await then()


def documents() -> list[ChatMessage]:
    return [ChatMessage(content="HARD documents")]


def test_the_question_of_the_nearest_span_is_scored() -> None:
    routed, spy = routed_over_fakes()
    response = asked("outer", lambda: asked("inner", lambda: routed.chat(documents())))
    assert spy.seen == ["inner"]
    assert response.additional_kwargs["routellm"]["source"] == "span"


def test_an_argument_that_is_no_text_is_no_question() -> None:
    routed, spy = routed_over_fakes()
    asked("outer", lambda: asked(3, lambda: routed.chat(documents())))
    assert spy.seen == ["outer"]


def test_spans_are_not_looked_at_when_they_are_not_tracked() -> None:
    routed, spy = routed_over_fakes(track_query_spans=False)
    asked("outer", lambda: routed.chat(documents()))
    assert spy.seen == ["HARD documents"]


def test_a_template_that_holds_the_question_comes_before_a_span() -> None:
    routed, spy = routed_over_fakes()
    engine = index_of_documents().as_query_engine(llm=routed)
    asked("outer", lambda: engine.query("inner"))
    assert spy.seen == ["inner"]


async def test_concurrent_spans_do_not_share_their_questions() -> None:
    routed, spy = routed_over_fakes(cache_size=0)

    async def answered(i: int) -> str:
        async def chat() -> Any:
            await asyncio.sleep(0)
            return await routed.achat(documents())

        response = await aasked(f"{'HARD' if i % 2 else 'easy'} {i}", chat)
        return str(response.additional_kwargs["routellm"]["model"])

    models = await asyncio.gather(*(answered(i) for i in range(50)))
    assert models == ["strong" if i % 2 else "weak" for i in range(50)]
    assert len(set(spy.seen)) == 50


class Asking(Workflow):
    """Answer a question with a prompt of its own."""

    def __init__(self, llm: RoutedLLM) -> None:
        super().__init__()
        self.llm = llm

    @step
    async def answer(self, event: StartEvent) -> StopEvent:
        return StopEvent(result=str(await self.llm.acomplete("HARD documents")))


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_what_a_workflow_of_ones_own_is_begun_with_is_the_question() -> None:
    routed, spy = routed_over_fakes()
    assert await Asking(routed).run(query="easy") == "small says so"
    assert spy.seen == ["easy"]


def test_one_handler_watches_for_all_routed_llms() -> None:
    routed_over_fakes()
    routed_over_fakes()
    handlers = [handler for handler in get_dispatcher().span_handlers if isinstance(handler, OpenSpans)]
    assert len(handlers) == 1


def test_a_span_whose_parameter_is_called_kwargs_hides_no_question() -> None:
    routed, spy = routed_over_fakes()

    @get_dispatcher().span
    def answer(query: str, kwargs: dict[str, str] | None) -> None:
        routed.chat(documents())

    answer("easy", kwargs=None)
    assert spy.seen == ["easy"]


def test_a_span_that_fails_is_forgotten() -> None:
    routed_over_fakes()

    def failing() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        asked("outer", failing)
    assert len(OpenSpans.watch()) == 0


def test_nothing_is_left_of_a_thousand_questions() -> None:
    """What is remembered is bounded: at most 64 decisions, and no object more for a question more."""
    strong, weak = (FakeChat(model=model) for model in ("big", "small"))
    routed = RoutedLLM(strong=strong, weak=weak, router=FixedRouter(0.2), cache_size=64)

    def ask(n: int) -> int:
        for i in range(n):
            asked(f"question {i}", lambda: routed.chat(documents()))
            weak.prompts.clear()
        gc.collect()
        return len(gc.get_objects())

    before = ask(200)
    assert ask(1000) - before < 100
    assert len(OpenSpans.watch()) == 0


def test_the_spy_sees_what_the_model_is_not_asked() -> None:
    """The chosen model still gets the whole prompt."""
    weak = FakeChat(model="small")
    spy = SpyRouter()
    routed = RoutedLLM(strong=FakeChat(model="big"), weak=weak, router=spy, threshold=0.5)
    asked("easy", lambda: routed.chat(documents()))
    assert (spy.seen, weak.prompts) == (["easy"], [documents()])
