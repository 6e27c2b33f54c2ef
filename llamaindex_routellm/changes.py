"""A routed LLM's argument, changed after construction: checked as the constructor checks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import LLM

from llamaindex_routellm.children import NOT_GIVEN, OWN_FIELDS, check_llms, children_of, refuse_own_fields
from llamaindex_routellm.routing import Routing
from llamaindex_routellm.rules import rules_of
from llamaindex_routellm.settings import Settings
from shared_router import Bill

if TYPE_CHECKING:
    from llamaindex_routellm.fields import RoutedFields

SETTINGS = frozenset(each.name for each in fields(Settings))
"""What a routed LLM is told beside its models, and decides by."""


def changed_settings(routed: RoutedFields, name: str, value: Any) -> tuple[Settings, Routing]:
    """Return the settings with one changed, and the routing that they make; it remembers no decision.

    Raises:
        InvalidInputError: If the value is outside its rule.
        UnknownNameError: If no router or model has that name.
    """
    settings = replace(routed._given, **{name: value})
    rule = settings.rule()
    children_of(NOT_GIVEN, NOT_GIVEN, routed.models, rule.models)
    return settings, settings.routing(rule, routed.models)


def changed_models(routed: RoutedFields, name: str, value: Any) -> dict[str, LLM]:
    """Return the models with one changed, or all of them; the dict is another, for copies share theirs.

    Raises:
        InvalidInputError: If one is no LLM, or the policy decides between others.
    """
    if name == "models":
        return children_of(NOT_GIVEN, NOT_GIVEN, value, routed.policy.models)
    check_llms({name: value})
    routed._named(name)
    return {**routed.models, name: value}


def with_models(routed: RoutedFields) -> Routing:
    """Return the routing over the models that there are now."""
    bill = Bill(routed._given.prices, routed.policy.models, routed._given.others(routed.models))
    rules = rules_of(routed._given, routed.policy, routed.models, bill)
    return replace(routed._routing, bill=bill, rules=rules)


def refuse_unknown(routed: RoutedFields, changes: Mapping[str, Any]) -> None:
    """Refuse what a routed LLM has no place for, and what belongs on its models.

    Raises:
        InvalidInputError: If there is any such name.
    """
    of_class = type(routed)
    known = {*of_class.model_fields, *of_class._setting_names, "strong", "weak"} - {*OWN_FIELDS}
    own = {name for name in changes if name in known or (hasattr(of_class, name) and name not in OWN_FIELDS)}
    unknown = {name: value for name, value in changes.items() if name not in own}
    refuse_own_fields(unknown, of_class.__init__)
