import re

from shared_router import Outcomes, evaluate
from shared_router.evaluation.as_markdown import report_as_markdown
from tests.evaluation.data import hostile_report


def test_every_row_of_a_table_has_its_heads_number_of_cells() -> None:
    """A pipe in a name is escaped, so unescaped ones are the cells' own."""
    width = 0
    for line in report_as_markdown(hostile_report(), show_prompts=True).splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        assert width in (0, cells)
        width = cells


def test_a_name_becomes_no_markup() -> None:
    text = report_as_markdown(hostile_report(), show_prompts=True)
    assert "<script>" not in text
    assert r"\<script\>" in text
    assert not re.search(r"(?<!\\)`code", text)


def test_prompts_stand_in_it_only_when_asked() -> None:
    report = hostile_report()
    assert "secret prompt" not in report_as_markdown(report)
    assert "secret prompt" in report_as_markdown(report, show_prompts=True)


def test_baselines_are_called_by_words_and_the_verdicts_come_first() -> None:
    text = report_as_markdown(hostile_report())
    assert "| prompt length |" in text
    assert text.index("prompt length on this data") < text.index("## ")


def test_the_table_of_differences_says_what_the_verdict_says() -> None:
    """With one resample the interval of equal scores is a point beside 0, on either side."""
    outcomes = Outcomes.from_columns(
        [f"q {i} of {i * 3}" for i in range(60)], {"big": [1] * 60, "small": [i % 2 for i in range(60)]}
    )
    said = set()
    for seed in range(6):
        report = evaluate(
            [0.5] * 60, outcomes, strong="big", weak="small", n_resamples=1, seed=seed, progress=False
        )
        (row,) = [
            line
            for line in report_as_markdown(report).splitlines()
            if line.startswith("| scores | prompt length")
        ]
        word = row.split("|")[-2].strip()
        assert report.verdicts[0].startswith(f"scores: {word} than prompt length")
        said.add(word)
    assert said == {"better", "worse"}
