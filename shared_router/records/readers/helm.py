"""HELM: `scenario_state.json` of a run, and its `per_instance_stats.json` for the grades.

Give the runs' folders. The folder's name, less its `model=...`, is the scenario; instances are joined by
scenario, id and train trial. Perturbed copies are left out. Each statistic that grades an answer is a
score of its own; counts of tokens are read as tokens.
"""

from __future__ import annotations

import re

from shared_router.records.chat_text import answer_in
from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, items, mapping, number, text

_MODEL = re.compile(r"[:,]model=(?P<model>[^,]+)")
_GRADES = re.compile(
    r"(quasi_|prefix_|quasi_prefix_|final_number_)*exact_match(@\d+)?|f1_score|f1_set_match|math_equiv\w*"
    r"|chain_of_thought_correctness|ifeval_strict_accuracy|wildbench_score_rescaled|omni_math_accuracy"
    r"|rouge_\w+|bleu_\w+|accuracy"
)


def refuses(head: Head) -> str | None:
    """Return why these are neither request states nor statistics of instances, or None."""
    if not head.lacks("instance_id", "stats"):
        return None
    return head.lacks("instance", "request", "result")


def records(row: Row, head: Head) -> list[Record] | str:
    """Return one model's answer to one instance, or its grades."""
    folder = head.path.resolve().parent.name
    named = _MODEL.search(folder)
    scenario = _MODEL.sub("", folder)
    if "stats" in row:
        return _grades(row, scenario, named["model"] if named else None)
    instance, request, result = (mapping(row.get(name)) for name in ("instance", "request", "result"))
    if instance.get("perturbation"):
        return "a perturbed copy of a prompt"
    if result.get("success") is not True:
        return "a request that failed"
    prompt = text(mapping(instance.get("input")).get("text"))
    model = named["model"] if named else text(request.get("model"))
    if prompt is None:
        return "a blank prompt"
    if model is None:
        return "no name of a model"
    took = number(result.get("request_time"))
    return [
        Record(
            prompt=prompt,
            model=_name(model),
            key=(scenario, text(instance.get("id")), text(row.get("train_trial_index"))),
            values={"latency_ms": None if took is None else took * 1000},
            answer=answer_in(result.get("completions")),
            domain=scenario,
        )
    ]


def _grades(row: Row, scenario: str, model: str | None) -> list[Record] | str:
    if row.get("perturbation"):
        return "a perturbed copy of a prompt"
    found: dict[str, float] = {}
    for stat in items(row.get("stats")):
        name, mean = text(mapping(mapping(stat).get("name")).get("name")), number(mapping(stat).get("mean"))
        if name and mean is not None:
            found[name] = mean
    return [
        Record(
            model=None if model is None else _name(model),
            key=(scenario, text(row.get("instance_id")), text(row.get("train_trial_index"))),
            values={
                "input_tokens": found.get("num_prompt_tokens"),
                "output_tokens": found.get("num_output_tokens"),
            },
            scores={name: mean for name, mean in found.items() if _GRADES.fullmatch(name)},
        )
    ]


def _name(model: str) -> str:
    """Return a model's name as HELM writes it outside of folders, where "/" is "_"."""
    return model if "/" in model else model.replace("_", "/", 1)


READER = Reader("helm", refuses, records)
