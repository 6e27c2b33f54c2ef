"""What can be known of a router at work: a decision log, spans, metrics, models that change."""

from shared_router.telemetry.decision_log import DecisionLog
from shared_router.telemetry.keyed_hash import KEY_FILE, KEY_VARIABLE, KeyedHash
from shared_router.telemetry.log_health import LogHealth
from shared_router.telemetry.logged import Feedback, LoggedDecision, LoggedDecisions, ShadowAnswer
from shared_router.telemetry.model_watch import ModelWatch
from shared_router.telemetry.reading import read_log
from shared_router.telemetry.telemetry import Telemetry

__all__ = [
    "KEY_FILE",
    "KEY_VARIABLE",
    "DecisionLog",
    "Feedback",
    "KeyedHash",
    "LogHealth",
    "LoggedDecision",
    "LoggedDecisions",
    "ModelWatch",
    "ShadowAnswer",
    "Telemetry",
    "read_log",
]
