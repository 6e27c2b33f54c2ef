"""`routellm feedback`: write feedback that another program kept into the decision log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.commands.decision_rows import read_decisions
from shared_router.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the log, the feedback, its scale and what it is called."""
    add = parser.add_argument
    add("log", metavar="LOG", help="the decision log that it is about, to which it is added")
    add(
        "feedback",
        nargs="+",
        metavar="FILE",
        help="feedback, and the runs or events it is about: LangSmith's, LlamaIndex's, or decision_id, score",
    )
    scale = {"nargs": 2, "type": float, "default": (0.0, 1.0), "metavar": ("WORST", "BEST")}
    add("--scale", help="the scale that scores are on, for example 1 5 (default: 0 1)", **scale)  # type: ignore[arg-type]
    add("--source", metavar="NAME", help="what all of it is called (default: each row's source or key)")


def run(arguments: argparse.Namespace) -> None:
    """Add what is about decisions of the log; the same file twice changes nothing."""
    from shared_router.feedback.reading import read_feedback
    from shared_router.records.scale import check_scale
    from shared_router.telemetry import DecisionLog
    from shared_router.telemetry.feedback_line import feedback_line

    if not Path(arguments.log).is_file():
        raise InvalidInputError(f"a log must be a file that is there, got {arguments.log!r}")
    scale = (arguments.scale[0], arguments.scale[1])
    check_scale(scale)
    read = read_feedback(arguments.feedback, scale=scale, source=arguments.source)
    rows = {row.id: row for row in read_decisions([arguments.log])}
    log = DecisionLog(arguments.log)
    lines, unknown, known = [], 0, 0
    for each in read.given:
        if each.decision_id not in rows:
            unknown += 1
            continue
        source = each.source if each.user is None else f"{each.source}:{log.hash_of(each.user)}"
        said = [(old.score, old.source) for old in rows[each.decision_id].feedback]
        if (each.score, source) in said:
            known += 1
            continue
        lines.append(feedback_line(each.decision_id, each.score, source=source, when=each.when))
    if unknown and not lines and not known:
        raise DataError(f"feedback must be about decisions of the log, and none of {unknown} words is")
    for line in lines:
        log.append(line)
    if not log.flush() or log.health.failed or log.health.dropped:
        raise DataError(f"feedback must be written to the log, and {log.health.error or 'some'} was not")
    print(f"{len(lines):,} words of feedback added to {arguments.log}")
    for reason, count in (
        ("known already", known),
        ("about decisions that are not in the log", unknown),
        *read.left_out.items(),
    ):
        if count:
            print(f"left out, {reason}: {count:,}")
