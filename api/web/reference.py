"""The API's reference, read from its OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Member:
    """One parameter of an operation or one member of an answer."""

    name: str
    type: str
    links: str | None
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with its parameters and the name of its answer."""

    method: str
    path: str
    summary: str
    parameters: tuple[Member, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Operations, and answers by name."""

    operations: tuple[Operation, ...]
    schemas: dict[str, tuple[str, tuple[Member, ...]]]


def reference(document: Mapping[str, Any]) -> Reference:
    """Return what the OpenAPI document says, for a template."""
    operations = tuple(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = {
        name: (schema.get("description", ""), _members(schema))
        for name, schema in sorted(document["components"]["schemas"].items())
        if "properties" in schema
    }
    return Reference(operations, schemas)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Operation:
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("description", ""),
        parameters=tuple(
            _member(item["name"], item["schema"], item.get("required", False), item)
            for item in operation.get("parameters", ())
        ),
        answer=answer["$ref"].removeprefix(PREFIX),
    )


def _members(schema: Mapping[str, Any]) -> tuple[Member, ...]:
    required = schema.get("required", ())
    return tuple(
        _member(name, part, name in required, part) for name, part in schema["properties"].items()
    )


def _member(
    name: str, schema: Mapping[str, Any], required: bool, described: Mapping[str, Any]
) -> Member:
    text, links = _type(schema)
    description = described.get("description") or schema.get("description", "")
    return Member(name, text, links, required, description)


def _type(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return a type as text, and the name of the schema that it leads to."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        return name, name
    if "anyOf" in schema:
        parts = [_type(part) for part in schema["anyOf"]]
        return " | ".join(text for text, _ in parts), next(
            (link for _, link in parts if link), None
        )
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"])), None
    if schema.get("type") == "array":
        text, link = _type(schema["items"])
        return f"list of {text}", link
    limits = [f"{sign} {schema[key]}" for key, sign in _LIMITS if key in schema]
    return ", ".join([str(schema.get("type", "any")), *limits]), None


_LIMITS = (("minimum", "≥"), ("maximum", "≤"), ("pattern", "like"))
