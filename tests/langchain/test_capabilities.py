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

FLAGS = [
    "image_inputs",
    "image_url_inputs",
    "pdf_inputs",
    "audio_inputs",
    "video_inputs",
    "attachment",
    "image_tool_message",
    "pdf_tool_message",
]
BLIND: Any = ModelProfile(**{flag: False for flag in FLAGS})  # type: ignore[typeddict-item]
SEEING: Any = ModelProfile(**{flag: True for flag in FLAGS})  # type: ignore[typeddict-item]
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


PDF_DATA = "data:application/pdf;base64,AA"


@pytest.mark.parametrize(
    ("block", "need"),
    [
        ({"type": "file", "base64": "AA", "mime_type": "application/pdf"}, "pdf"),
        ({"type": "file", "url": "https://a.example/b.pdf"}, "pdf"),
        ({"type": "file", "file": {"file_data": PDF_DATA, "filename": "x.pdf"}}, "pdf"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "pdf"),
        ({"type": "input_file", "file_data": PDF_DATA}, "pdf"),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf"}}, "pdf"),
        ({"type": "document", "source": {"type": "url", "url": "https://a.example/b"}}, "pdf"),
        ({"document": {"format": "pdf", "name": "x", "source": {"bytes": b""}}}, "pdf"),
        ({"type": "media", "mime_type": "application/pdf", "data": "AA"}, "pdf"),
        ({"type": "media", "mime_type": "image/png", "data": "AA"}, "images"),
        ({"type": "media", "mime_type": "audio/mp3", "file_uri": "gs://a"}, "audio"),
        ({"type": "media", "mime_type": "video/mp4", "data": "AA"}, "video"),
        ({"type": "file", "mime_type": "audio/wav", "base64": "AA"}, "audio"),
        ({"type": "video_url", "video_url": {"url": "https://a.example/b"}}, "video"),
        ({"type": "file", "url": "https://a.example/b.mp3"}, "audio"),
        ({"type": "input_file", "file_url": "https://a.example/b.PNG"}, "images"),
        ({"type": "file", "file": {"filename": "b.webm", "file_data": "AA"}}, "video"),
        ({"type": "file", "filename": "letter.docx", "base64": "AA"}, "attachments"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png"}}, "images"),
        ({"image": {"format": "png", "source": {"bytes": b""}}}, "images"),
        ({"type": "image_url", "image_url": "https://a.example/b"}, "image_urls, images"),
        ({"type": "non_standard", "value": {"type": "input_image", "file_id": "f"}}, "images"),
        ({"type": "tool_result", "content": [{"type": "image"}]}, "image_tool_message, images"),
    ],
)
def test_files_go_to_the_model_that_can_read_them(block: dict[str, Any], need: str) -> None:
    model = routed(strong=ChatElm(profile=SEEING), weak=ChatOak(profile=BLIND))
    assert _where(model.invoke(_asked(block))) == ("strong", f"capability:{need}")


@pytest.mark.parametrize(
    "block",
    [
        {"type": "file", "base64": "AA", "mime_type": "text/csv"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
        {"type": "text-plain", "text": "a"},
        {"document": {"format": "md", "name": "x", "source": {"bytes": b""}}},
    ],
)
def test_a_file_of_text_is_text(block: dict[str, Any]) -> None:
    model = routed(strong=ChatElm(profile=SEEING), weak=ChatOak(profile=BLIND))
    assert _where(model.invoke(_asked(block))) == ("weak", "score")


@pytest.mark.parametrize(
    ("flag", "block"),
    [
        ("image_tool_message", {"type": "image", "base64": "AA", "mime_type": "image/png"}),
        ("pdf_tool_message", {"type": "file", "base64": "AA", "mime_type": "application/pdf"}),
    ],
)
def test_what_a_tool_returned_needs_a_model_that_takes_it_from_tools(
    flag: str, block: dict[str, Any]
) -> None:
    profile: Any = {**SEEING, flag: False}
    weak = ChatOak(profile=profile)
    model = routed(strong=ChatElm(profile=SEEING), weak=weak)
    call = {"name": "look", "args": {}, "id": "1"}
    conversation = [
        HumanMessage("easy"),
        AIMessage("", tool_calls=[call]),
        ToolMessage([block], tool_call_id="1"),
    ]
    assert _where(model.invoke(conversation)) == ("strong", f"capability:{flag}")
    assert _where(model.invoke(_asked(block))) == ("weak", "score")


def test_tools_go_to_the_model_whose_profile_knows_them() -> None:
    deaf: Any = {"tool_calling": False}
    model = routed(weak=ChatOak(profile=deaf)).bind_tools(TOOLS)
    assert _where(model.invoke("easy")) == ("strong", "capability:tools")
    both = routed(strong=ChatElm(profile=deaf), weak=ChatOak(profile=deaf)).bind_tools(TOOLS)
    assert _where(both.invoke("easy")) == ("weak", "score")


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
