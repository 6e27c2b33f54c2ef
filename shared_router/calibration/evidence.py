"""Evidence that may be looked at after every observation: e-processes.

An e-process is what a bet against a hypothesis has grown to, from 1: while the hypothesis holds it is not
expected to grow, whatever is bet. Ville's inequality then says for all times at once, however often one
looks and whenever one stops:

    P(the bet ever reaches 1 / alpha) <= alpha

so an alarm at 1,000 is false at most once in 1,000 lives of a program. Ville 1939; Ramdas, Gruenwald, Vovk
and Shafer, "Game-theoretic statistics and safe anytime-valid inference", 2023.

Nobody knows when a change comes, so every bet is a mixture over its beginning: of the capital that sleeps, a
little wakes before each observation t, so that S(t) = 1 / (1 + ln(1 + t / soon)) is still asleep. A late
change then costs no more than the logarithm of how late it is.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import add, mul, truediv

from shared_router.quantiles import N_STEPS, ScoreQuantiles

N_BINS = 20
_TILTS = (1.2,)
_MEMORIES = (50.0, 400.0)
_CAUTION = 20.0
_GRADES_AT_ONCE = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


class Bets:
    """Capital on several bets, each of which may begin at any time.

    Args:
        n: How many bets there are, of equal weight.
        soon: After how many observations much of the capital has woken, > 0.

    Attributes:
        capital: What 1 has grown to: the e-value.
    """

    __slots__ = ("_active", "_asleep", "_soon", "_time", "capital")

    def __init__(self, n: int, *, soon: float = 50.0) -> None:
        self._active = [0.0] * n
        self._asleep = 1.0
        self._soon = soon
        self._time = 0
        self.capital = 1.0

    def settle(self, factors: Sequence[float]) -> float:
        """Multiply each bet by what it has come to, and return the capital.

        Args:
            factors: One for each bet, >= 0; none is expected to be above 1 while the hypothesis holds.
        """
        self._time += 1
        asleep = 1 / (1 + math.log(1 + self._time / self._soon))
        share = (self._asleep - asleep) / len(self._active)
        self._asleep = asleep
        self._active = [*map(mul, [held + share for held in self._active], factors)]
        self.capital = asleep + sum(self._active)
        return self.capital


class FadingCounts:
    """Counts by bin in which what came `memory` scores ago weighs 1/e of what came last."""

    __slots__ = ("_counts", "_growth", "_sum", "_weight")

    def __init__(self, memory: float) -> None:
        self._counts = [0.0] * N_BINS
        self._sum, self._weight, self._growth = 0.0, 1.0, math.exp(1 / memory)

    def probability(self, k: int, expected: float) -> float:
        """Return the bin's share of the counts, drawn towards what was expected."""
        caution = _CAUTION * self._weight
        return (self._counts[k] + caution * expected) / (self._sum + caution)

    def add(self, k: int) -> None:
        """Count a score; the new weigh ever more, and all is scaled back before that overflows."""
        self._counts[k] += self._weight
        self._sum += self._weight
        self._weight *= self._growth
        if self._weight > 1e100:
            self._counts = [each / self._weight for each in self._counts]
            self._sum, self._weight = self._sum / self._weight, 1.0


class ScoreEvidence:
    """Evidence that scores no longer come from where the reference's scores came from.

    Hypothesis: the reference's n scores and the live ones are exchangeable, such as independent draws from
    one distribution. Cut at the reference's own 1/20, 2/20, ... quantiles, a live score falls into bin k with
    probability P(k) = (a_k + L_k) / (n + 1 + t), where a_k = (n + 1) / 20 spacings of the reference lie in it
    and L_k of the t live scores: Polya's urn. So the reference need not be taken for the truth, and a small
    one makes no false alarm, only a late one. Each bet multiplies by its own probability of the bin over
    P(k):

    * two tilts towards high and low scores and one each towards the middle and the ends, g(k) P(k) over its
      sum;
    * two that follow what came lately, with a memory of 50 and of 400 scores: (c_k + 20 P(k)) / (c + 20),
      where c_k are the faded counts.

    Args:
        reference: The quantiles of the scores that live ones are compared with.
        seed: Places scores inside a plateau of equal ones by chance.
    """

    def __init__(self, reference: ScoreQuantiles, *, seed: int = 0) -> None:
        self.reference = reference
        self._bets = Bets(len(_FORMS) + len(_MEMORIES))
        self._total = float(reference.n_queries + 1)
        self._counts = [self._total / N_BINS] * N_BINS
        self._sums = [self._total / N_BINS * sum(form) for form in _FORMS]
        self._lately = [FadingCounts(memory) for memory in _MEMORIES]
        self._coin = random.Random(seed)

    @property
    def e_value(self) -> float:
        """The evidence so far: 1 says nothing, 1,000 is an alarm that is false once in 1,000 times."""
        return self._bets.capital

    def add(self, score: float) -> float:
        """Take one live score, in [0, 1], and return the e-value."""
        k = self._bin(score)
        column, total, sums = _COLUMNS[k], self._total, self._sums
        expected = self._counts[k] / total
        fixed = [ratio * total for ratio in map(truediv, column, sums)]
        followed = [lately.probability(k, expected) / expected for lately in self._lately]
        capital = self._bets.settle(fixed + followed)
        self._sums = [*map(add, sums, column)]
        self._total = total + 1
        self._counts[k] += 1
        for lately in self._lately:
            lately.add(k)
        return capital

    def _bin(self, score: float) -> int:
        values = self.reference.values
        right = bisect_right(values, score)
        if right == 0:
            return 0
        if right > N_STEPS and score > values[-1]:
            return N_BINS - 1
        left = bisect_left(values, score)
        if left < right:  # on a quantile, or on a plateau of equal ones: anywhere along it
            place = left + (right - 1 - left) * self._coin.random()
        else:
            below, above = values[right - 1], values[right]
            place = right - 1 + (score - below) / (above - below)
        return min(int(place * N_BINS / N_STEPS), N_BINS - 1)


class ShareEvidence:
    """Evidence that somebody's requests go strong more often than they may.

    Hypothesis: given what came before, a request goes strong with probability at most p. The bets are on
    0.995 and 0.9 in its place: a strong one multiplies them by q / p, a weak one by (1 - q) / (1 - p).
    """

    __slots__ = ("_bets", "n", "n_strong")

    def __init__(self) -> None:
        self._bets = Bets(2, soon=300.0)
        self.n = self.n_strong = 0

    @property
    def e_value(self) -> float:
        """The evidence so far."""
        return self._bets.capital

    def add(self, *, strong: bool, at_most: float) -> float:
        """Take one request, and the largest probability that it went strong with; return the e-value."""
        self.n += 1
        self.n_strong += strong
        return self._bets.settle([_grown(bet, strong=strong, at_most=at_most) for bet in (0.995, 0.9)])


class LossEvidence:
    """Evidence that a mean loss is above the bound that was promised.

    Hypothesis: given what came before, a loss in [low, high] has a mean of at most `bound`. A bet of size b
    multiplies by 1 + b (loss - bound) / (bound - low), which is never below 0 and not expected above 1:
    betting as in Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024,
    section 4.

    Args:
        bound: What was promised, in [low, high).
        low: The least a loss can be.
    """

    def __init__(self, bound: float, *, low: float) -> None:
        self.bound = bound
        self._least = bound - low
        self._bets = Bets(len(_GRADES_AT_ONCE))
        self.n = 0
        self.total = 0.0

    @property
    def e_value(self) -> float:
        """The evidence so far."""
        return self._bets.capital

    def add(self, loss: float) -> float:
        """Take one graded request's loss, and return the e-value."""
        self.n += 1
        self.total += loss
        over = loss - self.bound
        if self._least <= 0:  # no loss can be below the bound, so one above it breaks the promise for sure
            return self._bets.settle([math.inf if over > 0 else 1.0] * len(_GRADES_AT_ONCE))
        return self._bets.settle([1 + bet * over / self._least for bet in _GRADES_AT_ONCE])


def _grown(bet: float, *, strong: bool, at_most: float) -> float:
    if at_most >= bet:  # nothing to bet on
        return 1.0
    return bet / at_most if strong else (1 - bet) / (1 - at_most)


def _forms() -> list[list[float]]:
    """Return what each bet multiplies a bin's probability by, but for the mean, bins from low to high."""
    places = [(2 * k + 1) / N_BINS - 1 for k in range(N_BINS)]  # in (-1, 1)
    tilts = [[math.exp(sign * tilt * place) for place in places] for tilt in _TILTS for sign in (1, -1)]
    return [*tilts, *([math.exp(sign * 2 * place * place) for place in places] for sign in (1, -1))]


_FORMS = _forms()
_COLUMNS = [[form[k] for form in _FORMS] for k in range(N_BINS)]
