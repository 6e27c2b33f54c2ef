"""Cost-aware LLM routing: which queries need the strong model, told before any answer is written.

The core knows no framework and imports only the standard library and numpy. The paper is RouteLLM
(arXiv 2406.18665).
"""

from importlib import import_module
from typing import TYPE_CHECKING

from shared_router.embedding.protocol import Embedder
from shared_router.embedding.shipped import load_embedder
from shared_router.errors import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactExistsError,
    ArtifactMismatchError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    ArtifactWriteError,
    BatchError,
    BudgetExceededError,
    BudgetStoreError,
    CallTimeoutError,
    CapabilityError,
    ContractError,
    CutStreamError,
    DataError,
    DisconnectedModelsError,
    EmbedderError,
    EmptyAnswerError,
    FormatError,
    GuardError,
    GuardFailedWarning,
    GuardTimeoutError,
    IgnoredArgumentWarning,
    InvalidInputError,
    JudgeError,
    LocalServerError,
    MissingExtraError,
    ModelChangedWarning,
    NoQueryWarning,
    NotFittedError,
    PlanTimeoutError,
    QueryError,
    RouterError,
    RouterFallbackWarning,
    RouterOutputError,
    RouterTimeoutError,
    RouterUnavailableError,
    RouterWarning,
    SameModelWarning,
    ScaleError,
    ScorerOutputError,
    ScorerTimeoutError,
    SkippedRowsWarning,
    ThresholdRangeWarning,
    TruncatedTextWarning,
    UnknownNameError,
    UnlikeModelsWarning,
    UnusedCacheWarning,
    VetoError,
    WithheldAnswerError,
)
from shared_router.quantiles import ScoreQuantiles
from shared_router.registry import load_router, router_class, router_names, saved_score_tables
from shared_router.router import Router
from shared_router.text import clean

if TYPE_CHECKING:
    from shared_router.calibrated import CalibratedRouter
    from shared_router.calibration.adaptive import AdaptiveThreshold
    from shared_router.calibration.alarms import DriftAlarm
    from shared_router.calibration.choice import ThresholdChoice
    from shared_router.calibration.drift import DriftMonitor
    from shared_router.calibration.thresholds import for_budget, for_quality, for_strong_fraction
    from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
    from shared_router.conversations import Conversations, Kept, Turn, turns_of
    from shared_router.costs.bill import Bill
    from shared_router.costs.known_prices import KnownPrices, known_prices
    from shared_router.costs.prices import TokenPrices, check_prices
    from shared_router.costs.rejected import RejectedCalls
    from shared_router.costs.savings import Savings, TokenUsage, savings_of
    from shared_router.decisions import RoutingDecision, RoutingRequest
    from shared_router.embedding.cached import CachedEmbedder
    from shared_router.embedding.openai import OpenAIEmbedder
    from shared_router.embedding.static import StaticEmbedder
    from shared_router.embedding.transformers import TransformersEmbedder
    from shared_router.embedding.trimmed import TrimmedEmbedder
    from shared_router.evaluation.evaluate import evaluate
    from shared_router.evaluation.report import EvaluationReport
    from shared_router.evaluation.written import write_report
    from shared_router.exploration import Exploration, GivenExploration, seeded_exploration
    from shared_router.guarding import ConversationGuard, Guard
    from shared_router.leanings import leaning
    from shared_router.messages import AnyMessage, PlainMessage, plain_messages
    from shared_router.named_conversations import conversation_scope, current_conversation
    from shared_router.observers import Attempt, CallEnd, Observer, WatchedCall
    from shared_router.plans.blend import TOP_K, Blend
    from shared_router.plans.blend_policy import BlendPolicy
    from shared_router.plans.blending import Blending, BlendSettled, ablended, blended, made_blend
    from shared_router.plans.calibrated_cascade import CalibratedCascade, save_cascade
    from shared_router.plans.cascade import Cascade, OnScorerError, OnToolCalls
    from shared_router.plans.deadline import Deadline, check_seconds
    from shared_router.plans.decision import PlanDecision, plan_decision, total_dollars
    from shared_router.plans.dollar_weights import (
        DollarWeightChoice,
        dollar_weight_for_budget,
        dollar_weight_for_quality,
    )
    from shared_router.plans.driving import Settled, asettled, settled
    from shared_router.plans.frugal import FrugalList, frugal_list
    from shared_router.plans.fuser import GenFuser
    from shared_router.plans.fuser_input import fusing_prompt
    from shared_router.plans.joint_thresholds import JointThresholds, joint_thresholds
    from shared_router.plans.judging import SCORER_TIMEOUT_S, Judging
    from shared_router.plans.limits import at_once, awithin, within
    from shared_router.plans.list_cascade import ListCascade
    from shared_router.plans.making import OnStream, made_cascade
    from shared_router.plans.many_models import ManyModelsPolicy
    from shared_router.plans.pair_ranker import PairRanker
    from shared_router.plans.protocol import (
        Answer,
        Ask,
        AskAll,
        Fuse,
        Judge,
        Plan,
        PlanCall,
        PlanRequest,
        Steps,
        Use,
    )
    from shared_router.plans.rankers import Fuser, Ranker
    from shared_router.plans.route import Route
    from shared_router.plans.route_then_cascade import RouteThenCascade, WeakFirst, planned
    from shared_router.plans.tool_calls import ToolCall, valid_tool_calls
    from shared_router.policy import OnRouterError, RoutingPolicy
    from shared_router.posterior_sampling import PosteriorSampling
    from shared_router.predictors.clusters import ClustersPredictor
    from shared_router.predictors.factors import FactorsPredictor
    from shared_router.predictors.item_response import ItemResponsePredictor
    from shared_router.predictors.mixed import MixedPredictor
    from shared_router.predictors.neighbors import NeighborsPredictor
    from shared_router.predictors.output_tokens import OutputTokens
    from shared_router.predictors.protocol import QualityPredictor
    from shared_router.preferences.data import PreferenceData
    from shared_router.preferences.judging import battles_from_judge
    from shared_router.preferences.mixing import mix_preferences
    from shared_router.preferences.pairs import battles_from_scores, tier_pair
    from shared_router.preferences.splits import split_preferences, without_queries
    from shared_router.preferences.ties import Ties, WinLabels, win_labels
    from shared_router.proof.shadow import Shadow, ShadowReply, shadow_watch
    from shared_router.proof.would import GivenPolicies, would_decide
    from shared_router.published.load import load_published
    from shared_router.query import Message, query_of
    from shared_router.records.collecting.asking import AskingLimits
    from shared_router.records.collecting.collect import Collected, collect
    from shared_router.records.collecting.journal import Reply
    from shared_router.records.collecting.openai_model import OpenAIModel
    from shared_router.records.outcomes import Outcomes
    from shared_router.records.reading import Reading, read_outcomes
    from shared_router.resilience.attempts import Attempts, after_fallback
    from shared_router.resilience.breaker import Breakers
    from shared_router.resilience.budgets.allowance import Allowance, Held
    from shared_router.resilience.budgets.budget import Budget
    from shared_router.resilience.budgets.budgets import Budgets
    from shared_router.resilience.budgets.call_size import CallSize
    from shared_router.resilience.budgets.store import BudgetStore
    from shared_router.resilience.call_rules import AskedCall, CallHealth, CallRules
    from shared_router.resilience.planned_attempts import PlannedAttempts
    from shared_router.resilience.resilience import Resilience
    from shared_router.resilience.time_limits import awithin_seconds
    from shared_router.routers.online import OnlineRouter
    from shared_router.scorers.agreement import Agreement
    from shared_router.scorers.answer_features import AnswerFeatures
    from shared_router.scorers.by_model import ScorerByModel
    from shared_router.scorers.check import Check
    from shared_router.scorers.checked import CheckedScorer, scorer_of
    from shared_router.scorers.frugal_scorer import FrugalScorer
    from shared_router.scorers.given_answer import GivenAnswer
    from shared_router.scorers.loading import load_scorer
    from shared_router.scorers.protocol import Score, Scorer
    from shared_router.scorers.self_check import SelfCheck
    from shared_router.scorers.token_confidence import TokenConfidence
    from shared_router.scorers.unusable import is_withheld, why_unusable
    from shared_router.scoring.failures import RouterHealth
    from shared_router.scoring.guard import ROUTER_TIMEOUT_S
    from shared_router.split_policy import SplitPolicy
    from shared_router.stickiness import (
        CachedPrompt,
        Leaning,
        Stickiness,
        Sticky,
        check_sticky,
        rule_of,
        settings_of,
    )
    from shared_router.suggesting.suggest import Suggestions, suggest
    from shared_router.telemetry.decision_log import DecisionLog
    from shared_router.telemetry.given_observers import observers_of
    from shared_router.telemetry.logged import LoggedDecision, LoggedDecisions
    from shared_router.telemetry.model_watch import ModelWatch
    from shared_router.telemetry.reading import read_log
    from shared_router.telemetry.telemetry import Telemetry
    from shared_router.tenants import MAX_TENANT_CHARS, tenant_scope
    from shared_router.threshold_rule import Tier
    from shared_router.thresholds import GivenThreshold

_LAZY = {
    "AdaptiveThreshold": "shared_router.calibration.adaptive",
    "Agreement": "shared_router.scorers.agreement",
    "Allowance": "shared_router.resilience.budgets.allowance",
    "Answer": "shared_router.plans.protocol",
    "AnswerFeatures": "shared_router.scorers.answer_features",
    "AnyMessage": "shared_router.messages",
    "Artifact": "shared_router.checkpoints.artifact",
    "Ask": "shared_router.plans.protocol",
    "AskAll": "shared_router.plans.protocol",
    "AskedCall": "shared_router.resilience.call_rules",
    "AskingLimits": "shared_router.records.collecting.asking",
    "Attempt": "shared_router.observers",
    "Attempts": "shared_router.resilience.attempts",
    "Bill": "shared_router.costs.bill",
    "Blend": "shared_router.plans.blend",
    "BlendPolicy": "shared_router.plans.blend_policy",
    "BlendSettled": "shared_router.plans.blending",
    "Blending": "shared_router.plans.blending",
    "Breakers": "shared_router.resilience.breaker",
    "Budget": "shared_router.resilience.budgets.budget",
    "BudgetStore": "shared_router.resilience.budgets.store",
    "Budgets": "shared_router.resilience.budgets.budgets",
    "CachedEmbedder": "shared_router.embedding.cached",
    "CachedPrompt": "shared_router.stickiness",
    "CalibratedCascade": "shared_router.plans.calibrated_cascade",
    "CalibratedRouter": "shared_router.calibrated",
    "CallEnd": "shared_router.observers",
    "CallHealth": "shared_router.resilience.call_rules",
    "CallRules": "shared_router.resilience.call_rules",
    "CallSize": "shared_router.resilience.budgets.call_size",
    "Cascade": "shared_router.plans.cascade",
    "Check": "shared_router.scorers.check",
    "CheckedScorer": "shared_router.scorers.checked",
    "ClustersPredictor": "shared_router.predictors.clusters",
    "Collected": "shared_router.records.collecting.collect",
    "ConversationGuard": "shared_router.guarding",
    "Conversations": "shared_router.conversations",
    "Deadline": "shared_router.plans.deadline",
    "DecisionLog": "shared_router.telemetry.decision_log",
    "DollarWeightChoice": "shared_router.plans.dollar_weights",
    "DriftAlarm": "shared_router.calibration.alarms",
    "DriftMonitor": "shared_router.calibration.drift",
    "EvaluationReport": "shared_router.evaluation.report",
    "Exploration": "shared_router.exploration",
    "FactorsPredictor": "shared_router.predictors.factors",
    "FrugalList": "shared_router.plans.frugal",
    "FrugalScorer": "shared_router.scorers.frugal_scorer",
    "Fuse": "shared_router.plans.protocol",
    "Fuser": "shared_router.plans.rankers",
    "GenFuser": "shared_router.plans.fuser",
    "GivenAnswer": "shared_router.scorers.given_answer",
    "GivenExploration": "shared_router.exploration",
    "GivenPolicies": "shared_router.proof.would",
    "GivenThreshold": "shared_router.thresholds",
    "Guard": "shared_router.guarding",
    "Held": "shared_router.resilience.budgets.allowance",
    "ItemResponsePredictor": "shared_router.predictors.item_response",
    "JointThresholds": "shared_router.plans.joint_thresholds",
    "Judge": "shared_router.plans.protocol",
    "Judging": "shared_router.plans.judging",
    "Kept": "shared_router.conversations",
    "KnownPrices": "shared_router.costs.known_prices",
    "Leaning": "shared_router.stickiness",
    "ListCascade": "shared_router.plans.list_cascade",
    "LoggedDecision": "shared_router.telemetry.logged",
    "LoggedDecisions": "shared_router.telemetry.logged",
    "MAX_TENANT_CHARS": "shared_router.tenants",
    "ManyModelsPolicy": "shared_router.plans.many_models",
    "Message": "shared_router.query",
    "MixedPredictor": "shared_router.predictors.mixed",
    "ModelWatch": "shared_router.telemetry.model_watch",
    "NeighborsPredictor": "shared_router.predictors.neighbors",
    "Observer": "shared_router.observers",
    "OnRouterError": "shared_router.policy",
    "OnScorerError": "shared_router.plans.cascade",
    "OnStream": "shared_router.plans.making",
    "OnToolCalls": "shared_router.plans.cascade",
    "OnlineRouter": "shared_router.routers.online",
    "OpenAIEmbedder": "shared_router.embedding.openai",
    "OpenAIModel": "shared_router.records.collecting.openai_model",
    "Outcomes": "shared_router.records.outcomes",
    "OutputTokens": "shared_router.predictors.output_tokens",
    "PairRanker": "shared_router.plans.pair_ranker",
    "PlainMessage": "shared_router.messages",
    "Plan": "shared_router.plans.protocol",
    "PlanCall": "shared_router.plans.protocol",
    "PlanDecision": "shared_router.plans.decision",
    "PlanRequest": "shared_router.plans.protocol",
    "PlannedAttempts": "shared_router.resilience.planned_attempts",
    "PosteriorSampling": "shared_router.posterior_sampling",
    "PreferenceData": "shared_router.preferences.data",
    "QualityPredictor": "shared_router.predictors.protocol",
    "ROUTER_TIMEOUT_S": "shared_router.scoring.guard",
    "Ranker": "shared_router.plans.rankers",
    "Reading": "shared_router.records.reading",
    "RejectedCalls": "shared_router.costs.rejected",
    "Reply": "shared_router.records.collecting.journal",
    "Resilience": "shared_router.resilience.resilience",
    "Route": "shared_router.plans.route",
    "RouteThenCascade": "shared_router.plans.route_then_cascade",
    "RouterHealth": "shared_router.scoring.failures",
    "RoutingDecision": "shared_router.decisions",
    "RoutingPolicy": "shared_router.policy",
    "RoutingRequest": "shared_router.decisions",
    "SCORER_TIMEOUT_S": "shared_router.plans.judging",
    "Savings": "shared_router.costs.savings",
    "Score": "shared_router.scorers.protocol",
    "Scorer": "shared_router.scorers.protocol",
    "ScorerByModel": "shared_router.scorers.by_model",
    "SelfCheck": "shared_router.scorers.self_check",
    "Settled": "shared_router.plans.driving",
    "Shadow": "shared_router.proof.shadow",
    "ShadowReply": "shared_router.proof.shadow",
    "SplitPolicy": "shared_router.split_policy",
    "StaticEmbedder": "shared_router.embedding.static",
    "Steps": "shared_router.plans.protocol",
    "Stickiness": "shared_router.stickiness",
    "Sticky": "shared_router.stickiness",
    "Suggestions": "shared_router.suggesting.suggest",
    "TOP_K": "shared_router.plans.blend",
    "Telemetry": "shared_router.telemetry.telemetry",
    "ThresholdChoice": "shared_router.calibration.choice",
    "Tier": "shared_router.threshold_rule",
    "Ties": "shared_router.preferences.ties",
    "TokenConfidence": "shared_router.scorers.token_confidence",
    "TokenPrices": "shared_router.costs.prices",
    "TokenUsage": "shared_router.costs.savings",
    "ToolCall": "shared_router.plans.tool_calls",
    "TransformersEmbedder": "shared_router.embedding.transformers",
    "TrimmedEmbedder": "shared_router.embedding.trimmed",
    "Turn": "shared_router.conversations",
    "Use": "shared_router.plans.protocol",
    "WatchedCall": "shared_router.observers",
    "WeakFirst": "shared_router.plans.route_then_cascade",
    "WinLabels": "shared_router.preferences.ties",
    "ablended": "shared_router.plans.blending",
    "after_fallback": "shared_router.resilience.attempts",
    "asettled": "shared_router.plans.driving",
    "at_once": "shared_router.plans.limits",
    "awithin": "shared_router.plans.limits",
    "awithin_seconds": "shared_router.resilience.time_limits",
    "battles_from_judge": "shared_router.preferences.judging",
    "battles_from_scores": "shared_router.preferences.pairs",
    "blended": "shared_router.plans.blending",
    "check_prices": "shared_router.costs.prices",
    "check_seconds": "shared_router.plans.deadline",
    "check_sticky": "shared_router.stickiness",
    "collect": "shared_router.records.collecting.collect",
    "conversation_scope": "shared_router.named_conversations",
    "current_conversation": "shared_router.named_conversations",
    "dollar_weight_for_budget": "shared_router.plans.dollar_weights",
    "dollar_weight_for_quality": "shared_router.plans.dollar_weights",
    "evaluate": "shared_router.evaluation.evaluate",
    "for_budget": "shared_router.calibration.thresholds",
    "for_quality": "shared_router.calibration.thresholds",
    "for_strong_fraction": "shared_router.calibration.thresholds",
    "frugal_list": "shared_router.plans.frugal",
    "fusing_prompt": "shared_router.plans.fuser_input",
    "is_withheld": "shared_router.scorers.unusable",
    "joint_thresholds": "shared_router.plans.joint_thresholds",
    "known_prices": "shared_router.costs.known_prices",
    "leaning": "shared_router.leanings",
    "load_artifact": "shared_router.checkpoints.artifact",
    "load_published": "shared_router.published.load",
    "load_scorer": "shared_router.scorers.loading",
    "made_blend": "shared_router.plans.blending",
    "made_cascade": "shared_router.plans.making",
    "mix_preferences": "shared_router.preferences.mixing",
    "observers_of": "shared_router.telemetry.given_observers",
    "plain_messages": "shared_router.messages",
    "plan_decision": "shared_router.plans.decision",
    "planned": "shared_router.plans.route_then_cascade",
    "query_of": "shared_router.query",
    "read_log": "shared_router.telemetry.reading",
    "read_outcomes": "shared_router.records.reading",
    "rule_of": "shared_router.stickiness",
    "save_artifact": "shared_router.checkpoints.artifact",
    "save_cascade": "shared_router.plans.calibrated_cascade",
    "savings_of": "shared_router.costs.savings",
    "scorer_of": "shared_router.scorers.checked",
    "seeded_exploration": "shared_router.exploration",
    "settings_of": "shared_router.stickiness",
    "settled": "shared_router.plans.driving",
    "shadow_watch": "shared_router.proof.shadow",
    "split_preferences": "shared_router.preferences.splits",
    "suggest": "shared_router.suggesting.suggest",
    "tenant_scope": "shared_router.tenants",
    "tier_pair": "shared_router.preferences.pairs",
    "total_dollars": "shared_router.plans.decision",
    "turns_of": "shared_router.conversations",
    "valid_tool_calls": "shared_router.plans.tool_calls",
    "why_unusable": "shared_router.scorers.unusable",
    "win_labels": "shared_router.preferences.ties",
    "within": "shared_router.plans.limits",
    "without_queries": "shared_router.preferences.splits",
    "would_decide": "shared_router.proof.would",
    "write_report": "shared_router.evaluation.written",
}
"""Names whose modules are imported at their first use: a program waits for what it uses, and importing the
package loads no numpy."""

__version__ = "0.1.0"

__all__ = [
    "AdaptiveThreshold",
    "Agreement",
    "Allowance",
    "Answer",
    "AnswerFeatures",
    "AnyMessage",
    "Artifact",
    "ArtifactCorruptError",
    "ArtifactError",
    "ArtifactExistsError",
    "ArtifactMismatchError",
    "ArtifactNotFoundError",
    "ArtifactSchemaError",
    "ArtifactWriteError",
    "Ask",
    "AskAll",
    "AskedCall",
    "AskingLimits",
    "Attempt",
    "Attempts",
    "BatchError",
    "Bill",
    "Blend",
    "BlendPolicy",
    "BlendSettled",
    "Blending",
    "Breakers",
    "Budget",
    "BudgetExceededError",
    "BudgetStore",
    "BudgetStoreError",
    "Budgets",
    "CachedEmbedder",
    "CachedPrompt",
    "CalibratedCascade",
    "CalibratedRouter",
    "CallEnd",
    "CallHealth",
    "CallRules",
    "CallSize",
    "CallTimeoutError",
    "CapabilityError",
    "Cascade",
    "Check",
    "CheckedScorer",
    "ClustersPredictor",
    "Collected",
    "ContractError",
    "ConversationGuard",
    "Conversations",
    "CutStreamError",
    "DataError",
    "Deadline",
    "DecisionLog",
    "DisconnectedModelsError",
    "DollarWeightChoice",
    "DriftAlarm",
    "DriftMonitor",
    "Embedder",
    "EmbedderError",
    "EmptyAnswerError",
    "EvaluationReport",
    "Exploration",
    "FactorsPredictor",
    "FormatError",
    "FrugalList",
    "FrugalScorer",
    "Fuse",
    "Fuser",
    "GenFuser",
    "GivenAnswer",
    "GivenExploration",
    "GivenPolicies",
    "GivenThreshold",
    "Guard",
    "GuardError",
    "GuardFailedWarning",
    "GuardTimeoutError",
    "Held",
    "IgnoredArgumentWarning",
    "InvalidInputError",
    "ItemResponsePredictor",
    "JointThresholds",
    "Judge",
    "JudgeError",
    "Judging",
    "Kept",
    "KnownPrices",
    "Leaning",
    "ListCascade",
    "LocalServerError",
    "LoggedDecision",
    "LoggedDecisions",
    "MAX_TENANT_CHARS",
    "ManyModelsPolicy",
    "Message",
    "MissingExtraError",
    "MixedPredictor",
    "ModelChangedWarning",
    "ModelWatch",
    "NeighborsPredictor",
    "NoQueryWarning",
    "NotFittedError",
    "Observer",
    "OnRouterError",
    "OnScorerError",
    "OnStream",
    "OnToolCalls",
    "OnlineRouter",
    "OpenAIEmbedder",
    "OpenAIModel",
    "Outcomes",
    "OutputTokens",
    "PairRanker",
    "PlainMessage",
    "Plan",
    "PlanCall",
    "PlanDecision",
    "PlanRequest",
    "PlanTimeoutError",
    "PlannedAttempts",
    "PosteriorSampling",
    "PreferenceData",
    "QualityPredictor",
    "QueryError",
    "ROUTER_TIMEOUT_S",
    "Ranker",
    "Reading",
    "RejectedCalls",
    "Reply",
    "Resilience",
    "Route",
    "RouteThenCascade",
    "Router",
    "RouterError",
    "RouterFallbackWarning",
    "RouterHealth",
    "RouterOutputError",
    "RouterTimeoutError",
    "RouterUnavailableError",
    "RouterWarning",
    "RoutingDecision",
    "RoutingPolicy",
    "RoutingRequest",
    "SCORER_TIMEOUT_S",
    "SameModelWarning",
    "Savings",
    "ScaleError",
    "Score",
    "ScoreQuantiles",
    "Scorer",
    "ScorerByModel",
    "ScorerOutputError",
    "ScorerTimeoutError",
    "SelfCheck",
    "Settled",
    "Shadow",
    "ShadowReply",
    "SkippedRowsWarning",
    "SplitPolicy",
    "StaticEmbedder",
    "Steps",
    "Stickiness",
    "Sticky",
    "Suggestions",
    "TOP_K",
    "Telemetry",
    "ThresholdChoice",
    "ThresholdRangeWarning",
    "Tier",
    "Ties",
    "TokenConfidence",
    "TokenPrices",
    "TokenUsage",
    "ToolCall",
    "TransformersEmbedder",
    "TrimmedEmbedder",
    "TruncatedTextWarning",
    "Turn",
    "UnknownNameError",
    "UnlikeModelsWarning",
    "UnusedCacheWarning",
    "Use",
    "VetoError",
    "WatchedCall",
    "WeakFirst",
    "WinLabels",
    "WithheldAnswerError",
    "ablended",
    "after_fallback",
    "asettled",
    "at_once",
    "awithin",
    "awithin_seconds",
    "battles_from_judge",
    "battles_from_scores",
    "blended",
    "check_prices",
    "check_seconds",
    "check_sticky",
    "clean",
    "collect",
    "conversation_scope",
    "current_conversation",
    "dollar_weight_for_budget",
    "dollar_weight_for_quality",
    "evaluate",
    "for_budget",
    "for_quality",
    "for_strong_fraction",
    "frugal_list",
    "fusing_prompt",
    "is_withheld",
    "joint_thresholds",
    "known_prices",
    "leaning",
    "load_artifact",
    "load_embedder",
    "load_published",
    "load_router",
    "load_scorer",
    "made_blend",
    "made_cascade",
    "mix_preferences",
    "observers_of",
    "plain_messages",
    "plan_decision",
    "planned",
    "query_of",
    "read_log",
    "read_outcomes",
    "router_class",
    "router_names",
    "rule_of",
    "save_artifact",
    "save_cascade",
    "saved_score_tables",
    "savings_of",
    "scorer_of",
    "seeded_exploration",
    "settings_of",
    "settled",
    "shadow_watch",
    "split_preferences",
    "suggest",
    "tenant_scope",
    "tier_pair",
    "total_dollars",
    "turns_of",
    "valid_tool_calls",
    "why_unusable",
    "win_labels",
    "within",
    "without_queries",
    "would_decide",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
