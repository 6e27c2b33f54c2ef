"""Small battles with something to learn: the strong model wins on proofs, the weak one does on greetings."""

from shared_router import PreferenceData
from shared_router.preferences.grades import Winner

_HARD = ("prove", "derive", "integral", "theorem", "lemma", "bound")
_EASY = ("hello", "thanks", "bye", "please", "morning", "welcome")


def _queries() -> list[str]:
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    return [f"{words[i]} {words[j]} number {i}{j}" for i, j in pairs for words in (_HARD, _EASY)]


def two_models() -> PreferenceData:
    """60 battles of strong and weak: hard ones are won, easy ones tied or, each fifth, lost."""
    queries = _queries()
    winners: list[Winner] = [
        ("b" if n % 5 == 0 else "tie") if n % 2 else ("tie" if n % 8 == 0 else "a")
        for n in range(len(queries))
    ]
    return PreferenceData(queries, ["strong"] * 60, ["weak"] * 60, winners)


def three_models() -> PreferenceData:
    """The same with weights, and a middle model that mostly loses to strong and beats weak."""
    base = two_models()
    n = len(base)
    up: list[Winner] = ["a" if i % 7 else "b" for i in range(n)]
    down: list[Winner] = ["b" if i % 4 else "a" for i in range(n)]
    return PreferenceData(
        [*base.queries] * 3,
        ["strong"] * 2 * n + ["weak"] * n,
        ["weak"] * n + ["middle"] * 2 * n,
        [*base.winners, *up, *down],
        [1.0 + (i % 3) for i in range(3 * n)],
    )
