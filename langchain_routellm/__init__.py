"""LangChain models that answer with the cheaper of two models wherever it is enough."""

from langchain_routellm.chat_models import RoutedChatModel
from langchain_routellm.runnables import RoutedRunnable, RouteLLMRouter

__all__ = ["RouteLLMRouter", "RoutedChatModel", "RoutedRunnable"]
