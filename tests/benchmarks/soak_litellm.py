"""LiteLLM's Router in the soak, in an environment of its own: `PYTHON soak_litellm.py URL N CONCURRENT`.

It is given what ours is: two deployments, each the other's fallback, the same timeout, as many retries as
OpenAI's client makes by default. The rest, its cooldowns too, is as it comes.
"""

import asyncio
import importlib.metadata
import json
import os
import sys
from typing import Any

from tests.benchmarks.soak_requests import MODELS, RETRIES, TIMEOUT_S, SoakRequest, soak


async def _main(url: str, n: int, concurrent: int) -> None:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm: Any = __import__("litellm")  # not in our environment
    litellm.suppress_debug_info = True
    strong, weak = MODELS
    deployments = [
        {
            "model_name": name,
            "litellm_params": {"model": f"openai/{name}", "api_base": url, "api_key": "none"},
        }
        for name in MODELS
    ]
    router = litellm.Router(
        model_list=deployments,
        fallbacks=[{strong: [weak]}, {weak: [strong]}],
        num_retries=RETRIES,
        timeout=TIMEOUT_S,
    )

    async def ask(request: SoakRequest) -> str:
        messages = [{"role": "user", "content": request.prompt}]
        answer = await router.acompletion(model=request.model, messages=messages, stream=request.streams)
        if not request.streams:
            return str(answer.choices[0].message.content)
        return "".join([part.choices[0].delta.content or "" async for part in answer])

    found = await soak(ask, n, concurrent=concurrent)
    print(json.dumps({**found, "version": importlib.metadata.version("litellm")}))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
