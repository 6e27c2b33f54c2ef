"""A process that moves one threshold's state with others: `python -m tests.calibration.held STATE N`."""

import sys
import time

from shared_router import AdaptiveThreshold, RoutingDecision, RoutingRequest


def main() -> None:
    """Take N decisions, of which every fourth goes strong, and write all of them."""
    state, n = sys.argv[1], int(sys.argv[2])
    threshold = AdaptiveThreshold(strong_fraction=0.5, state=state)
    for i in range(n):
        strong = i % 4 == 0
        decision = RoutingDecision("strong" if strong else "weak", 0.5, threshold.value, "test", "score")
        threshold.observe(RoutingRequest("x"), decision, strong=strong, scored=True)
    while not threshold.flush():
        time.sleep(0.001)


if __name__ == "__main__":
    main()
