"""What can be known of a router at work: a decision log, and reading one."""

from shared_router.telemetry.decision_log import DecisionLog, LogHealth
from shared_router.telemetry.keyed_hash import KEY_FILE, KEY_VARIABLE, KeyedHash
from shared_router.telemetry.logged import Feedback, LoggedDecision, LoggedDecisions, ShadowAnswer
from shared_router.telemetry.reading import read_log

__all__ = [
    "KEY_FILE",
    "KEY_VARIABLE",
    "DecisionLog",
    "Feedback",
    "KeyedHash",
    "LogHealth",
    "LoggedDecision",
    "LoggedDecisions",
    "ShadowAnswer",
    "read_log",
]
