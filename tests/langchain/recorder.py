"""What callbacks see of a call, in a form that two calls can be compared by."""

from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler


class Recorder(BaseCallbackHandler):
    """Keep every event with what a tracer would keep of it, run ids as numbers in order of appearance."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.metadata: list[dict[str, Any]] = []
        self._runs: dict[UUID | None, int] = {None: 0}

    def _run(self, run_id: UUID | None) -> int:
        return self._runs.setdefault(run_id, len(self._runs))

    def _keep(self, event: str, *what: Any, run_id: UUID, parent_run_id: UUID | None = None) -> None:
        self.events.append((event, self._run(run_id), self._run(parent_run_id), *what))

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        metadata = metadata or {}
        self.metadata.append(metadata)
        # LangGraph's own handler writes "tags" into the metadata that all handlers share, before or after us
        plain = {k: v for k, v in metadata.items() if not k.startswith("routellm_") and k != "tags"}
        sent = [(message.type, message.text) for each in messages for message in each]
        extra = {key: kwargs.get(key) for key in ("name", "options", "invocation_params", "batch_size")}
        self._keep(
            "model_start", sent, tags, plain, serialized, extra, run_id=run_id, parent_run_id=parent_run_id
        )

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep("token", token, run_id=run_id)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        answers = [
            (generation.text, generation.message.usage_metadata, generation.message.tool_calls)
            for generations in response.generations
            for generation in generations
        ]
        self._keep("model_end", answers, run_id=run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep("model_error", type(error), run_id=run_id)

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep(
            "chain_start", kwargs.get("name"), run_id=run_id, parent_run_id=kwargs.get("parent_run_id")
        )

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep("chain_end", run_id=run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep("chain_error", type(error), run_id=run_id)

    def on_tool_start(self, serialized: Any, input_str: str, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep("tool_start", input_str, run_id=run_id)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._keep("tool_end", run_id=run_id)
