"""How long the shipped router keeps an event loop waiting, whatever the characters of a prompt.

Prompts of 8,192 characters, the most that a query keeps, each new, of 21 classes of random characters;
times in CPU time of one thread, which a busy machine disturbs less. None of it is what people write: English
of that length is the first row. `clean` is the part that every router pays.

Run: python -m tests.benchmarks.loop_time
"""

import random
import string
import time
from collections.abc import Callable

import numpy as np

from shared_router import clean, load_router
from shared_router.text import MAX_QUERY_CHARS
from tests.benchmarks.measure import print_table, report

N_PROMPTS = 60
_RNG = random.Random(0)
_ENGLISH = "A train leaves the station at noon and a second one follows it at twice the speed. " * 99


def one_of(characters: str) -> Callable[[int], str]:
    """Return what draws n of these."""
    return lambda n: "".join(_RNG.choices(characters, k=n))


def between(first: int, last: int) -> Callable[[int], str]:
    """Return what draws n characters of a range of code points."""
    return lambda n: "".join(chr(_RNG.randint(first, last)) for _ in range(n))


CLASSES: dict[str, Callable[[int], str]] = {
    "english": lambda n: _ENGLISH[:n],
    "letters": one_of(string.ascii_lowercase),
    "letters_and_spaces": one_of(string.ascii_letters + " " * 9),
    "digits": one_of(string.digits),
    "punctuation": one_of(string.punctuation),
    "printable": one_of(string.printable),
    "white_space": one_of(" \n\t\u00a0\u3000"),
    "accents": between(0xC0, 0x24F),
    "combining": lambda n: "".join(
        _RNG.choice("aeiou") + chr(_RNG.randint(0x300, 0x36F)) for _ in range(n // 2)
    ),
    "marks_alone": between(0x300, 0x36F),
    "cyrillic": between(0x400, 0x45F),
    "arabic": between(0x621, 0x64A),
    "devanagari": between(0x900, 0x97F),
    "thai": between(0xE01, 0xE5B),
    "jamo": between(0x1100, 0x11FF),
    "hangul": between(0xAC00, 0xD7A3),
    "kana": between(0x3041, 0x30FE),
    "ideographs": between(0x4E00, 0x9FFF),
    "emoji": between(0x1F300, 0x1F6FF),
    "zero_width": one_of("ab \u200b\u200d\ufeff\u202e"),
    "any": between(0, 0x10FFFF),
}


def microseconds(call: Callable[[str], object], prompts: list[str]) -> list[float]:
    """Return what each prompt takes."""
    spent = []
    for prompt in prompts:
        start = time.thread_time_ns()
        call(prompt)
        spent.append((time.thread_time_ns() - start) / 1e3)
    return spent


def main() -> None:
    """Print a table and the figures."""
    router = load_router()
    router.win_probability(["\u00e9"])  # what a process makes once
    rows, figures = [], {}
    for name, draw in CLASSES.items():
        prompts = [draw(MAX_QUERY_CHARS) for _ in range(N_PROMPTS)]
        scored = microseconds(lambda prompt: router.win_probability([prompt]), prompts)
        cleaned = microseconds(clean, prompts)
        p50, p99 = np.percentile(scored, [50, 99])
        rows.append(
            {"class": name, "p50 us": p50, "p99 us": p99, "clean p50 us": float(np.percentile(cleaned, 50))}
        )
        figures[f"{name}_p50_us"] = float(p50)
        figures[f"{name}_p99_us"] = float(p99)
    print_table(rows)
    report("loop_time", figures | {"max_p99_us": max(row["p99 us"] for row in rows)})


if __name__ == "__main__":
    main()
