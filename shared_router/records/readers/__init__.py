"""One file a format, each with its `READER`; the order is that in which a file is tried on them."""

from shared_router.records.readers import (
    arena,
    decision_log,
    helicone,
    helm,
    inspect_samples,
    langfuse,
    langsmith,
    litellm,
    llmrouterbench,
    lm_eval,
    mt_bench,
    openai_batch,
    openinference,
    promptfoo,
    prompts,
    routerarena,
    routerbench,
    saved,
    scored,
    wide,
)
from shared_router.records.record import Reader

READERS: dict[str, Reader] = {
    module.READER.name: module.READER
    for module in (
        saved,
        decision_log,
        openai_batch,
        langsmith,
        langfuse,
        openinference,
        helicone,
        litellm,
        promptfoo,
        lm_eval,
        inspect_samples,
        helm,
        llmrouterbench,
        routerbench,
        routerarena,
        mt_bench,
        arena,
        scored,
        prompts,
        wide,
    )
}
"""The readers by name. What people wrote themselves comes last: its names are the commonest."""
