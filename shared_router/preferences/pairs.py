"""From many models to the two sides a router chooses between."""

from collections.abc import Collection, Sequence
from itertools import combinations

from shared_router.choices import check_columns, check_list, check_texts, shown
from shared_router.errors import DataError, InvalidInputError
from shared_router.preferences.data import PreferenceData, check_preferences
from shared_router.preferences.grades import Winner, winner_by_score

_SWAPPED: dict[Winner, Winner] = {"a": "b", "b": "a", "tie": "tie"}


def tier_pair(
    preferences: PreferenceData, *, strong: Collection[str], weak: Collection[str]
) -> PreferenceData:
    """Keep the battles between two groups of models, as battles of `"strong"` against `"weak"`.

    The paper (section 4.1) trains on Chatbot Arena's battles of its first two tiers against its third.

    Args:
        preferences: Battles of any models.
        strong: The names of the strong models.
        weak: The names of the weak models; none may be strong too.

    Returns:
        The battles with one model on each side, in order, the strong one as `model_a`. Battles within a
        side, or with another model, are left out.

    Raises:
        InvalidInputError: If a name stands on both sides or a side is empty.
        DataError: If no battle is between the sides.
    """
    check_preferences(preferences)
    if isinstance(strong, str) or isinstance(weak, str) or not strong or not weak:
        raise InvalidInputError("strong and weak must be collections of at least one model's name each")
    both = sorted(set(strong) & set(weak))
    if both:
        raise InvalidInputError(f"no model may be strong and weak, got {both}")
    rows, winners = [], []
    for i, (a, b) in enumerate(zip(preferences.model_a, preferences.model_b, strict=True)):
        if a in strong and b in weak:
            winners.append(preferences.winners[i])
        elif a in weak and b in strong:
            winners.append(_SWAPPED[preferences.winners[i]])
        else:
            continue
        rows.append(i)
    if not rows:
        known = sorted({*preferences.model_a, *preferences.model_b})
        raise DataError(f"a battle must be between the sides, got none among the models {known[:20]}")
    kept = preferences.select(rows)
    n = len(kept)
    return PreferenceData(kept.queries, ["strong"] * n, ["weak"] * n, winners, kept.weights)


def battles_from_scores(
    queries: Sequence[str],
    models: Sequence[str],
    scores: Sequence[float],
    *,
    pairs: Collection[tuple[str, str]] | None = None,
) -> PreferenceData:
    """Turn many models' graded answers into battles, pair by pair (the paper's section 4.1 for K models).

    Args:
        queries: What was asked, one entry per grade, n of them; the same text is the same query.
        models: Which model answered, n names.
        scores: Its grade, n numbers, higher is better, on one scale within a query.
        pairs: Which models fight, each pair's first becoming `model_a`; None means all, K (K - 1) / 2 for
            each query that K models answered, the first by name as `model_a`.

    Returns:
        Battles, grouped by query in order of first appearance: the higher grade wins, equal grades tie.

    Raises:
        InvalidInputError: If the lengths differ, a grade is no number, or a pair is no pair.
        DataError: If a model has two grades for one query, or no query has grades of two models that fight.
    """
    check_columns(queries=queries, models=models, scores=scores)
    check_texts("queries", queries)
    check_texts("models", models)
    if pairs is not None:
        check_list("pairs", pairs)
    for pair in () if pairs is None else pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2 or pair[0] == pair[1]:
            raise InvalidInputError(f"a pair must be two models, got {shown(pair)}")
    graded: dict[str, dict[str, tuple[float, int]]] = {}
    for row, (query, model, score) in enumerate(zip(queries, models, scores, strict=True)):
        grades = graded.setdefault(query, {})
        if model in grades:
            raise DataError(
                f"row {row}: {model!r} must have one grade for a query, got another; average them"
            )
        grades[model] = (score, row)
    fights = [
        (
            query,
            a,
            b,
            winner_by_score(grades[a][0], grades[b][0], where=f"row {grades[a][1]} or {grades[b][1]}"),
        )
        for query, grades in graded.items()
        for a, b in (combinations(sorted(grades), 2) if pairs is None else pairs)
        if a in grades and b in grades
    ]
    if not fights:
        raise DataError("a query must have grades of two models that fight, got none; look at pairs")
    return PreferenceData(*(list(column) for column in zip(*fights, strict=True)))
