"""A request that one child cannot serve goes to the other and says why; if none can, that is an error."""

from typing import Any

import pytest
from langchain_core.language_models import ModelProfile
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda

from shared_router import CapabilityError
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import decision_of, routed
from tests.langchain.scenarios import TOOLS, Weather

BLIND = ModelProfile(image_inputs=False, audio_inputs=False, video_inputs=False)
SEEING = ModelProfile(image_inputs=True, audio_inputs=True, video_inputs=True)
IMAGES: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,x"}},
    {"type": "image", "base64": "x", "mime_type": "image/png"},
]


def _asked(block: dict[str, Any]) -> list[Any]:
    return [HumanMessage([{"type": "text", "text": "What is this?"}, block])]


def _where(answer: Any) -> tuple[str, str]:
    return decision_of(answer)["model"], decision_of(answer)["reason"]


@pytest.mark.parametrize("image", IMAGES)
def test_a_picture_goes_to_the_model_that_can_see(image: dict[str, Any]) -> None:
    model = routed(strong=ChatElm(profile=SEEING), weak=ChatOak(profile=BLIND))
    assert _where(model.invoke(_asked(image))) == ("strong", "capability:images")
    assert _where(model.invoke("What is this?")) == ("weak", "score")


def test_a_picture_of_an_earlier_turn_counts_because_it_is_sent_again() -> None:
    model = routed(strong=ChatElm(profile=SEEING), weak=ChatOak(profile=BLIND))
    conversation = [*_asked(IMAGES[0]), AIMessage("A cat."), HumanMessage("Thanks")]
    assert _where(model.invoke(conversation)) == ("strong", "capability:images")


@pytest.mark.parametrize(
    ("kind", "need"), [("audio", "audio"), ("input_audio", "audio"), ("video", "video"), ("image", "images")]
)
def test_sound_and_film_are_needs_too(kind: str, need: str) -> None:
    model = routed(strong=ChatElm(profile=SEEING), weak=ChatOak(profile=BLIND))
    assert _where(model.invoke(_asked({"type": kind}))) == ("strong", f"capability:{need}")


def test_a_model_that_says_nothing_of_itself_is_taken_for_able() -> None:
    model = routed(strong=ChatElm(), weak=RunnableLambda(lambda _: AIMessage("ok")))
    assert _where(model.invoke(_asked(IMAGES[0]))) == ("weak", "score")


def test_a_conversation_too_long_for_one_window_goes_to_the_other() -> None:
    """200 words of 5 characters are 1000 characters, about 250 tokens: more than 100, less than 1000."""
    model = routed(
        strong=ChatElm(profile={"max_input_tokens": 1000}), weak=ChatOak(profile={"max_input_tokens": 100})
    )
    assert _where(model.invoke("four " * 200)) == ("strong", "capability:window")
    assert _where(model.invoke("four " * 30)) == ("weak", "score")


def test_a_conversation_too_long_for_both_windows_by_an_estimate_is_left_to_the_provider() -> None:
    small: Any = {"max_input_tokens": 100}
    model = routed(strong=ChatElm(profile=small), weak=ChatOak(profile=small))
    assert _where(model.invoke("four " * 200)) == ("weak", "score")


def test_a_tools_result_in_the_conversation_needs_a_model_that_knows_tools() -> None:
    model = routed(
        strong=ChatElm(profile={"tool_calling": True}), weak=ChatOak(profile={"tool_calling": False})
    )
    conversation = [HumanMessage("easy"), ToolMessage("sunny", tool_call_id="1")]
    assert _where(model.invoke(conversation)) == ("strong", "capability:tools")


def test_what_no_model_can_do_is_an_error_that_names_both() -> None:
    model = routed(strong=ChatElm(profile=BLIND), weak=ChatOak(profile=BLIND))
    with pytest.raises(CapabilityError, match="strong and weak cannot: images"):
        model.invoke(_asked(IMAGES[0]))


def test_models_that_each_lack_something_else_cannot_either() -> None:
    bound = routed(strong=ChatStone(profile=SEEING), weak=ChatOak(profile=BLIND)).bind_tools(TOOLS)
    with pytest.raises(CapabilityError, match="strong and weak cannot: images, tools"):
        bound.invoke(_asked(IMAGES[0]))


def test_a_callers_own_route_to_a_model_that_cannot_is_refused() -> None:
    model = routed(strong=ChatElm(profile=SEEING), weak=ChatOak(profile=BLIND))
    with pytest.raises(CapabilityError, match="and weak cannot: images"):
        model.invoke(_asked(IMAGES[0]), config={"configurable": {"routellm_route": "weak"}})


def test_structured_output_goes_to_the_model_that_can_give_it() -> None:
    model = routed(strong=ChatStone()).with_structured_output(Weather, include_raw=True)
    answer: Any = model.invoke("hard")
    assert _where(answer["raw"]) == ("weak", "capability:structured_output")


def test_a_profile_promises_what_both_profiles_promise() -> None:
    shared: Any = {"tool_calling": True, "max_output_tokens": 9}
    strong: Any = {**shared, "image_inputs": True, "max_input_tokens": 900, "name": "a", "pdf_inputs": True}
    weak: Any = {**shared, "image_inputs": False, "max_input_tokens": 100, "name": "b"}
    model = routed(strong=ChatElm(profile=strong), weak=ChatOak(profile=weak))
    assert model.profile == {**shared, "image_inputs": False, "max_input_tokens": 100}
    assert routed(strong=ChatElm(profile=strong)).profile is None
    assert routed(profile={"max_input_tokens": 7}).profile == {"max_input_tokens": 7}
