"""A routed model's field, changed after construction: checked as the constructor would, and passed on.

`output_version` and its like act in a child's own call, so that a change of one is a change of the children:
copies of them, because the children given belong to whoever gave them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel

from langchain_routellm.arguments import SHARED_SETTINGS, refuse_cache, refuse_misspelt
from langchain_routellm.asking import call_rules
from langchain_routellm.children import checked_child, checked_children, with_settings
from langchain_routellm.policies import check_models, loaded
from langchain_routellm.query import QuestionFinder, check_routing
from langchain_routellm.reasoning import check_signed_reasoning
from langchain_routellm.templates import watch_templates
from shared_router import Bill, InvalidInputError, check_sticky, observers_of

FINDING = ("route_on", "query_keys", "strip", "follow_ups")
"""The fields that say how its questions are found."""

_CARRYING = ("resilience", "budget", "observers", "shadow", "would")
"""The fields that say how its calls are made."""


def change(model: Any, name: str, value: Any) -> None:
    """Change a field of a routed model.

    Raises:
        InvalidInputError: If the value breaks the field's rule.
        UnknownNameError: If the name is almost a field's.
        ValueError: If the name is no field's, as of every chat model.
    """
    if name in ("policy", "given_policy"):
        name, value = "given_policy", None if value is None else loaded(value)
    elif name == "observers":  # a log is opened once, and not at every copy
        value = observers_of(value)
    fields = type(model).model_fields
    if name not in fields and not hasattr(type(model), name):
        refuse_misspelt(name, [*fields, "policy"])
    _keep_rules(model, name, value)
    for field, checked in _with_children(model, name, value).items():
        BaseModel.__setattr__(model, field, checked)
    if name in ("models", *model.children):
        model.breakers.forget()
    if name in (*_CARRYING, "prices", "models", *model.children, *model._rule_fields.values()):
        make_call_rules(model)


def make_call_rules(model: Any) -> None:
    """Make anew what a routed model's calls are made under beside its policy.

    Raises:
        InvalidInputError: If a field breaks its rule.
    """
    given = {name: getattr(model, name) for name in _CARRYING}
    model._call_rules = call_rules(model.policy, model.children, model.bill, **given, breakers=model.breakers)


def _keep_rules(model: Any, name: str, value: Any) -> None:
    """Check a field's new value, and make anew what was made from the field."""
    if name == "cache":
        refuse_cache(value)
    elif name in model._rule_fields.values():
        policy = model._policy_of(_changed(model, tuple(model._rule_fields.values()), name, value))
        if model.policy is model._policy:  # else a subclass has a policy of its own
            check_models(policy, model.children)
        model._policy = policy
    elif name in FINDING:
        given = _changed(model, FINDING, name, value)
        check_routing(
            given["route_on"], model.sticky, given["query_keys"], given["strip"], prices=model.prices
        )
        model._finder = QuestionFinder(**given)
        if given["query_keys"] is not None:
            watch_templates()
    elif name == "sticky":
        check_routing(model.route_on, value, prices=model.prices)
    elif name == "signed_reasoning":
        check_signed_reasoning(value)
    elif name == "prices":
        check_sticky(model.sticky, prices=value)
        model._bill = Bill(value, model.policy.models, model._others())


def _changed(model: Any, fields: Sequence[str], name: str, value: Any) -> dict[str, Any]:
    return {field: value if field == name else getattr(model, field) for field in fields}


def _with_children(model: Any, name: str, value: Any) -> dict[str, Any]:
    """Return the field with those that change with it."""
    if name in SHARED_SETTINGS:
        return {name: value, **_held(model, {name: value})}
    settings = {each: getattr(model, each) for each in SHARED_SETTINGS if getattr(model, each)}
    if name == "models" and value is not None:
        models = checked_children(None, None, settings, value)
        check_models(model.policy, models)
        return _with_profile(model, first_and_last(models, model.policy.models) | {"models": models})
    if name in model.children:
        child = with_settings(name, checked_child(name, value), settings)
        return _with_profile(model, _children_as_fields(model, {**model.children, name: child}))
    if name in ("strong", "weak"):
        raise InvalidInputError(f"models name all models, got {name} beside them; assign models")
    return {name: value}


def _held(model: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that hold children, with children that have these settings."""
    children = {name: with_settings(name, child, settings) for name, child in model.children.items()}
    return _children_as_fields(model, children)


def _children_as_fields(model: Any, children: Mapping[str, Any]) -> dict[str, Any]:
    if model.models is not None:
        return first_and_last(children, model.policy.models) | {"models": dict(children)}
    return {name: child for name, child in children.items() if name in type(model).model_fields}


def first_and_last(models: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what `strong` and `weak` are of models by name: the policy's best and its last."""
    # a policy over other names, which is refused elsewhere, leaves the order in which they were given
    best, *_, last = names if set(names) == set(models) else tuple(models)
    return {"strong": models[best], "weak": models[last]}


def _with_profile(model: BaseChatModel, changed: dict[str, Any]) -> dict[str, Any]:
    if model.profile != model._resolve_model_profile():  # one of the user's own
        return changed
    after = model.__copy__()
    after.__dict__.update(changed)
    return {**changed, "profile": after._resolve_model_profile()}
