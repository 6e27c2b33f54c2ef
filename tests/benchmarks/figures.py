"""Write measured figures into the README and the docs, so that no number there was typed.

A place for a figure is a pair of lines, `<!-- figures NAME -->` and `<!-- end figures -->`; what stands
between them is made from `docs/figures/NAME.json` or, for a trained router, from its card.

Run: python -m tests.benchmarks.figures
"""

import json
import re
from typing import Any

from shared_router.pretrained.build.card import benchmark_table
from tests.benchmarks.measure import FIGURES

ROOT = FIGURES.parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_PLACE = re.compile(r"(<!-- figures (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end figures -->)", re.DOTALL)


def rendered(page: str) -> str:
    """Return the page with every figure made anew."""
    return _PLACE.sub(lambda place: f"{place[1]}{_table(place['name'])}{place[4]}", page)


def _table(name: str) -> str:
    card = ROOT / "shared_router" / "pretrained" / name / "card.json"
    if card.is_file():
        return _card_table(json.loads(card.read_text("utf-8")))
    kept = json.loads((FIGURES / f"{name}.json").read_text("utf-8"))
    if "columns" in kept:
        return _rows_table(kept)
    if "json" in kept:
        shown = json.dumps(kept["json"], indent=1)
        return f"```json\n{shown}\n```\n\n`{kept['command']}`, {kept['machine']}\n"
    rows = "".join(f"| `{key}` | {_number(value)} |\n" for key, value in kept["figures"].items())
    return f"| figure | value |\n|---|---:|\n{rows}\n`{kept['command']}`, {kept['machine']}\n"


def _rows_table(kept: dict[str, Any]) -> str:
    head = f"| {' | '.join(kept['columns'])} |\n|{'---|' * len(kept['columns'])}\n"
    rows = "".join(
        f"| {' | '.join(cell if isinstance(cell, str) else _number(cell) for cell in row)} |\n"
        for row in kept["rows"]
    )
    return f"{head}{rows}\n`{kept['command']}`, {kept['machine']}\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _card_table(card: dict[str, Any]) -> str:
    tables = "\n\n".join(benchmark_table(benchmark) for benchmark in card["benchmarks"])
    return f"{tables}\n\nMade by `{card['command']}` (seed {card['seed']}; {card['machine']}).\n"


def main() -> None:
    """Write every page that has figures."""
    for path in PAGES:
        page = path.read_text("utf-8")
        path.write_text(rendered(page), "utf-8")


if __name__ == "__main__":
    main()
