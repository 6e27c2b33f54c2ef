"""Whether the tools that an answer calls exist, and whether their arguments fit the tools' schemas.

What is checked of JSON Schema is what tools' parameters are made of: `type`, `properties`, `required`,
`additionalProperties: false`, `items`, `enum`, `const`, `anyOf`, `oneOf`, `allOf` and `$ref` inside the same
schema. Any other keyword forbids nothing here, so that a call is rejected only for what is plainly wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": Mapping,
    "array": (list, tuple),
    "string": str,
    "boolean": bool,
    "null": type(None),
}

_DEEPEST = 64
"""Levels into which arguments are read: a schema may refer to itself."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool.

    Attributes:
        name: The tool's name.
        arguments: What it is called with; None where the model wrote something that is no object. Not in
            the repr.
    """

    name: str
    arguments: Mapping[str, Any] | None = field(repr=False)


def valid_tool_calls(calls: Sequence[ToolCall], schemas: Mapping[str, Mapping[str, Any]] | None) -> bool:
    """Tell whether every call names a tool that there is, with arguments that fit its schema.

    Args:
        calls: The calls of one answer.
        schemas: The parameters of each tool, as JSON Schema, by the tool's name; None where they are not
            known, and any object of arguments fits.
    """
    return all(_is_valid(call, schemas) for call in calls)


def _is_valid(call: ToolCall, schemas: Mapping[str, Mapping[str, Any]] | None) -> bool:
    if not isinstance(call.arguments, Mapping):
        return False
    if schemas is None:
        return True
    schema = schemas.get(call.name)
    return schema is not None and _fits(call.arguments, schema, schema, _DEEPEST)


def _fits(value: Any, schema: Any, root: Mapping[str, Any], depth: int) -> bool:
    if not isinstance(schema, Mapping) or depth == 0:
        return schema is not False
    if isinstance(schema.get("$ref"), str):
        return _fits(value, _referred(schema["$ref"], root), root, depth - 1)
    options = schema.get("enum")
    if isinstance(options, list | tuple) and value not in options:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    for keyword, enough in (("anyOf", any), ("oneOf", any), ("allOf", all)):
        options = schema.get(keyword)
        if isinstance(options, list) and not enough(_fits(value, each, root, depth - 1) for each in options):
            return False
    kinds = schema.get("type")
    if kinds is not None and not any(_is_a(value, kind) for kind in _listed(kinds)):
        return False
    return _parts_fit(value, schema, root, depth - 1)


def _parts_fit(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> bool:
    if isinstance(value, Mapping):
        properties, required = schema.get("properties"), schema.get("required")
        if isinstance(required, list | tuple) and any(name not in value for name in required):
            return False
        properties = properties if isinstance(properties, Mapping) else {}
        if schema.get("additionalProperties") is False and not set(value) <= set(properties):
            return False
        return all(_fits(value[name], properties[name], root, depth) for name in value if name in properties)
    if isinstance(value, list | tuple) and "items" in schema:
        return all(_fits(each, schema["items"], root, depth) for each in value)
    return True


def _is_a(value: Any, kind: object) -> bool:
    if kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, Real):
            return False
        # a model may write a whole number that is larger than any float, or Infinity, which JSON has not
        fits = float.is_integer if kind == "integer" else math.isfinite
        return isinstance(value, int) or fits(float(value))
    known = _TYPES.get(str(kind))
    return known is None or isinstance(value, known)


def _listed(kinds: object) -> Sequence[object]:
    return kinds if isinstance(kinds, list) else [kinds]


def _referred(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found
