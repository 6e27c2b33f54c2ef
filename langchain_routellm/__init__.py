"""LangChain models that answer with the cheaper of two models wherever it is enough."""

from langchain_routellm.chat_models import RoutedChatModel

__all__ = ["RoutedChatModel"]
