"""`routellm learn`: a router from what users and judges said of logged answers, if it is a better one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.commands.decision_rows import read_decisions
from shared_router.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import argparse

    from shared_router.feedback.learning import LearnReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the log, its prompts, where the router goes, and the way back."""
    add = parser.add_argument
    add("log", nargs="*", metavar="LOG", help="decision logs with prompts, feedback and graded shadows")
    add(
        "--out", required=True, metavar="DIR", help="the router's folder; the one in it stays as DIR.previous"
    )
    add(
        "--prompts",
        metavar="FILE",
        help='questions by decision, columns "id" and "prompt", for a log of hashes',
    )
    add("--strong", default="strong", metavar="MODEL", help="the strong model's name (default: strong)")
    add("--seed", type=int, default=0, metavar="N", help="draws folds and resamples (default: 0)")
    add("--unproven", action="store_true", help="save the router although it is not shown to be better")
    add(
        "--rollback", action="store_true", help="put the router in DIR.previous back into DIR, and do no more"
    )


def run(arguments: argparse.Namespace) -> None:
    """Learn, hold the router against the log, and save it where it is better."""
    from shared_router.choices import check_seed
    from shared_router.feedback.learning import learn
    from shared_router.feedback.logged_feedback import logged_feedback
    from shared_router.routers.local import LocalRouter

    out = Path(arguments.out)
    if arguments.rollback:
        _roll_back(out)
        print(f"{out} is the router before again; the other one is in {previous(out)}")
        return
    check_seed(arguments.seed)
    if not arguments.log:
        raise InvalidInputError("a log must be given to learn from, got none")
    _check_out(out)
    log = read_decisions(arguments.log)
    rows = logged_feedback(log.rows, strong=arguments.strong, prompts=_prompts(arguments.prompts))
    learned = learn(rows, lambda: LocalRouter(seed=arguments.seed), seed=arguments.seed)
    _write_report(learned.report, out.with_name(f"{out.name}.report"))
    print("\n".join([*learned.report.words(), *([log.skipped()] if log.skipped() else [])]))
    if not (learned.report.better or arguments.unproven):
        raise DataError(
            "a router must be better than the one at work to take its place, and this one is not shown to be "
            "so; nothing is changed. More grades tell more; --unproven saves it all the same"
        )
    _keep_previous(out)
    pin = learned.router.save(out)
    print(f"saved in {out}, SHA-256 {pin}")


def previous(out: Path) -> Path:
    """Return where the router that was in a folder is kept."""
    return out.with_name(f"{out.name}.previous")


def _check_out(out: Path) -> None:
    from shared_router.checkpoints.folders import check_replaceable

    for folder in (out, previous(out)):
        check_replaceable(folder, overwrite=True)


def _keep_previous(out: Path) -> None:
    if not out.exists():
        return
    if previous(out).exists():
        _remove(previous(out))
    out.rename(previous(out))


def _roll_back(out: Path) -> None:
    before = previous(out)
    if not before.is_dir():
        raise InvalidInputError(f"--rollback must find a router in {before}, and there is none")
    _check_out(out)
    aside = out.with_name(f"{out.name}.aside")
    if out.exists():
        out.rename(aside)
    before.rename(out)
    if aside.exists():
        aside.rename(before)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


def _prompts(path: str | None) -> dict[str, str] | None:
    from shared_router.records.files import read_head, read_rows
    from shared_router.records.record import text

    if path is None:
        return None
    found = {}
    for row in read_rows(read_head(Path(path))):
        if not isinstance(row, str):
            name, prompt = text(row.get("id")), text(row.get("prompt"))
            if name is not None and prompt is not None:
                found[name] = prompt
    if not found:
        raise DataError(f'--prompts must be a file with the columns "id" and "prompt", got none in {path}')
    return found


def _write_report(report: LearnReport, folder: Path) -> None:
    from shared_router.feedback.page import learn_page

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "learn.html").write_text(learn_page(report), "utf-8")
    (folder / "learn.json").write_text(json.dumps(report.as_json()) + "\n", "utf-8")
