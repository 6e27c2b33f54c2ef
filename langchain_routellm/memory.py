"""What a conversation goes on with: the model that began it, as the decision on its answers says."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from langchain_routellm.metadata import METADATA_KEY
from langchain_routellm.query import is_synthetic
from shared_router import Sticky


def model_to_stick_to(messages: Sequence[BaseMessage], sticky: Sticky) -> str | None:
    """Return the model that began what the conversation goes on with.

    Within a tool loop, that is the model that asked for the tool: its reasoning and its call belong to
    one turn, which another provider's model cannot continue.

    Args:
        messages: The conversation, oldest first.
        sticky: How far back to look: to the user's last own message, to the beginning, or not at all.
    """
    if sticky is False:
        return None
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            model = message.response_metadata.get(METADATA_KEY, {}).get("model")
            if model is not None:
                return str(model)
        elif sticky == "tool_loop" and message.type == "human" and not is_synthetic(message):
            return None
    return None
