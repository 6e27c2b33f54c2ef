import json
import os
from pathlib import Path

import pytest

from shared_router.errors import DataError
from shared_router.evaluation.benchmark_files import STRONG, WEAK
from shared_router.evaluation.benchmarks import read_benchmarks
from shared_router.evaluation.reported import REPORTED


def checkout(folder: Path) -> Path:
    """Write RouteLLM's layout: four MMLU prompts in two subjects, two of GSM8K, two of MT-Bench."""
    evals = folder / "routellm" / "evals"
    for name in ("mmlu/responses", "gsm8k", "mt_bench"):
        (evals / name).mkdir(parents=True)
    head = f"prompt,{WEAK},{STRONG}\n"
    (evals / "mmlu/responses/mmlu_law.csv").write_text(
        f"{head}law one,True,True\nlaw two,False,True\n", "utf-8"
    )
    (evals / "mmlu/responses/mmlu_maths.csv").write_text(
        f'{head}"maths, one",False,True\nlisted,False,True\n', "utf-8"
    )
    (evals / "gsm8k/gsm8k_responses.csv").write_text(
        f"{head[:-1]},{STRONG}_response\nsum one,False,True,2\nsum two,True,False,3\n", "utf-8"
    )
    questions = [
        {"question_id": 1, "category": "writing", "turns": ["write", "write more"]},
        {"question_id": 2, "category": "coding", "turns": ["code", "listed"]},
    ]
    lines(evals / "mt_bench/question.jsonl", questions)
    graded = [(1, STRONG, 10), (1, STRONG, 9), (1, WEAK, 1), (1, WEAK, 2), (2, STRONG, 5), (2, WEAK, 5)]
    judged = [{"question_id": q, "model": model, "score": score} for q, model, score in graded]
    lines(evals / "mt_bench/judgements.jsonl", judged)
    for name in ("mmlu", "gsm8k", "mt_bench"):
        lines(evals / name / "contaminated_prompts.jsonl", [{"eval_prompt": "listed", "train_prompt": "x"}])
    return folder


def lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_a_checkout_of_routellm_is_read_and_its_contaminated_prompts_are_left_out(tmp_path: Path) -> None:
    mmlu, gsm8k, mt_bench = read_benchmarks(checkout(tmp_path))
    assert list(mmlu.judged.prompts) == ["law one", "law two", "maths, one"]
    assert mmlu.judged.domains == ["law", "law", "maths"]
    assert mmlu.judged.scores(STRONG).tolist() == [1, 1, 1]
    assert mmlu.judged.scores(WEAK).tolist() == [1, 0, 0]
    assert (mmlu.n_contaminated, gsm8k.n_contaminated, mt_bench.n_contaminated) == (1, 0, 1)
    assert gsm8k.judged.scores(STRONG).tolist() == [1, 0]


def test_mt_bench_is_routed_on_its_first_turn_and_scored_by_both(tmp_path: Path) -> None:
    """10 and 9 are 8.5 ninths above 1, 1 and 2 half a ninth; the one whose second turn is listed is out."""
    mt_bench = read_benchmarks(checkout(tmp_path))[2]
    assert list(mt_bench.judged.prompts) == ["write"]
    assert mt_bench.judged.scores(STRONG) == pytest.approx([8.5 / 9])
    assert mt_bench.judged.scores(WEAK) == pytest.approx([0.5 / 9])
    assert mt_bench.scale == (1, 10)


def test_prompts_that_were_trained_on_are_left_out_whatever_their_spacing(tmp_path: Path) -> None:
    mmlu = read_benchmarks(checkout(tmp_path), trained_on=["LAW  one"])[0]
    assert list(mmlu.judged.prompts) == ["law two", "maths, one"]
    assert mmlu.n_trained_on == 1


def test_nothing_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MT-Bench must have prompts that no router was trained on"):
        read_benchmarks(checkout(tmp_path), trained_on=["write"])


def test_a_folder_without_benchmarks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be a checkout of RouteLLM"):
        read_benchmarks(tmp_path)


def test_an_answer_neither_right_nor_wrong_is_refused(tmp_path: Path) -> None:
    path = checkout(tmp_path) / "routellm/evals/mmlu/responses/mmlu_law.csv"
    path.write_text(path.read_text("utf-8").replace("law two,False", "law two,maybe"), "utf-8")
    with pytest.raises(DataError, match="must say True or False"):
        read_benchmarks(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (checkout(tmp_path) / "routellm/evals/mt_bench/judgements.jsonl").unlink()
    with pytest.raises(DataError, match="must hold mt_bench/judgements.jsonl"):
        read_benchmarks(tmp_path)


def test_the_tables_hold_what_routellm_published() -> None:
    """Counts of the data's README: 12,542 rows to be judged on less 5 contaminated and 28 that repeat a gold
    prompt; 1,319 less 12; 80 questions less 8."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        pytest.skip("ROUTER_DATA_DIR is not set: it names the folder of the benchmarks")
    mmlu, gsm8k, mt_bench = read_benchmarks(os.environ["ROUTER_DATA_DIR"])
    assert [len(found.judged) for found in (mmlu, gsm8k, mt_bench)] == [12_509, 1_307, 72]
    assert (mmlu.n_contaminated, mmlu.n_trained_on) == (5, 28)
    assert mmlu.gold is not None
    assert len(mmlu.gold) == 1_500


def test_every_benchmark_has_the_papers_four_routers_beside_random() -> None:
    routers = {"bert", "causal_lm", "matrix_factorization", "similarity_weighted", "random"}
    assert {name: set(rows) for name, rows in REPORTED.items()} == dict.fromkeys(
        ("MMLU", "GSM8K", "MT-Bench"), routers
    )
    for rows in REPORTED.values():
        for found in (one for several in rows.values() for one in several):
            assert 0 < found.cpt50 < found.cpt80 < 1
