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
    return _Reader(document["components"]["schemas"]).read(document["paths"])


class _Reader:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def read(self, paths: Mapping[str, Any]) -> Reference:
        operations = tuple(
            self._operation(method, path, operation)
            for path, methods in paths.items()
            for method, operation in methods.items()
        )
        schemas = {
            name: (schema.get("description", ""), self._members(schema))
            for name, schema in sorted(self._schemas.items())
            if "properties" in schema
        }
        return Reference(operations, schemas)

    def _operation(self, method: str, path: str, operation: Mapping[str, Any]) -> Operation:
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return Operation(
            method=method.upper(),
            path=path,
            summary=operation.get("description", ""),
            parameters=tuple(
                self._member(item["name"], item["schema"], item)
                for item in operation.get("parameters", ())
            ),
            answer=answer["$ref"].removeprefix(PREFIX),
        )

    def _members(self, schema: Mapping[str, Any]) -> tuple[Member, ...]:
        return tuple(self._member(name, part, part) for name, part in schema["properties"].items())

    def _member(self, name: str, schema: Mapping[str, Any], described: Mapping[str, Any]) -> Member:
        text, links = self._type(schema)
        return Member(name, text, links, described.get("description", ""))

    def _type(self, schema: Mapping[str, Any]) -> tuple[str, str | None]:
        """Return a type as text, and the name of the schema that it leads to."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(PREFIX)
            target = self._schemas[name]
            return (name, name) if "properties" in target else self._type(target)
        if "anyOf" in schema:
            parts = [self._type(part) for part in schema["anyOf"]]
            link = next((link for _, link in parts if link), None)
            return " | ".join(text for text, _ in parts), link
        if "enum" in schema:
            return " | ".join(map(str, schema["enum"])), None
        for key, words in (("items", "list of"), ("additionalProperties", "object of")):
            if isinstance(schema.get(key), Mapping):
                text, link = self._type(schema[key])
                return f"{words} {text}", link
        limits = [f"{sign} {schema[key]}" for key, sign in _LIMITS if key in schema]
        return ", ".join([str(schema.get("type", "any")), *limits]), None


_LIMITS = (("minimum", "≥"), ("maximum", "≤"), ("pattern", "like"))
