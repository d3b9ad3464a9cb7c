"""The OpenAPI document, made from the doors and the acts behind them: it can't say anything else than what is done."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_origin

import msgspec

from penstock import __version__
from penstock.administering.acting import Page
from penstock.console.doors import Door
from penstock.console.fitting import PLACE
from penstock.console.problem import MEDIA_TYPE, Problem

JSON = dict[str, Any]

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_CURSOR = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "description": "Where to go on: `next` of the page before, with the same question.",
    "schema": {"type": "string"},
}
_PROBLEMS = {
    "400": "Something in the request is wrong; `mistakes` says what.",
    "401": "No token, or one that is not in force.",
    "403": "The token's role does not allow this.",
    "404": "There is no such thing, or none that this token may see.",
    "409": "It contradicts what is there, or an `Idempotency-Key` that was used before.",
    "415": "The body is not JSON.",
    "413": "The body is too large.",
    "421": "The request's `Host` is no name of this API.",
    "503": "The database does not answer; `retry-after` says when to try again.",
}


def document(doors: Sequence[Door]) -> JSON:
    """OpenAPI 3.1 of these doors."""
    structs = [one for door in doors for one in (door.act.wanted, door.act.told)]
    schemas, components = msgspec.json.schema_components([*structs, Problem], ref_template=_REF, schema_hook=_any)
    paths: JSON = {}
    for number, door in enumerate(doors):
        wanted, told = schemas[2 * number], schemas[2 * number + 1]
        paths.setdefault(door.path, {})[door.method.lower()] = _operation(door, wanted, told, components)
    components = {name: _plain(schema) for name, schema in components.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Penstock admin API",
            "version": __version__,
            "description": "Keys, teams, users, quotas and the books of a gateway. It listens on a port of its own.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "An admin token."}},
        },
    }


def _any(kind: type) -> JSON:
    """Whatever there is, such as how a subject was before."""
    if kind is not object:
        raise NotImplementedError
    return {"description": "Any JSON value."}


def _operation(door: Door, wanted: JSON, told: JSON, components: Mapping[str, JSON]) -> JSON:
    act = door.act
    problem = {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}}}
    operation: JSON = {
        "operationId": act.name,
        "summary": inspect.getdoc(act.run) or "",
        "tags": [act.name.partition(".")[0]],
        "description": "May be asked by: " + ", ".join(sorted(role.value for role in act.roles)) + ".",
        "parameters": _parameters(door, wanted, components),
        "responses": {
            str(door.status): {
                "description": "Done.",
                "content": {
                    "application/json": {
                        "schema": _page(told, components) if get_origin(door.act.told) is Page else told
                    }
                },
            },
            **{status: {**problem, "description": words} for status, words in _PROBLEMS.items()},
        },
    }
    if door.public:
        operation["security"] = []
    if door.has_body:
        taken = _without(_found(wanted, components), set(_PARAMETER.findall(door.path)))
        operation["requestBody"] = {
            "required": bool(taken.get("required")),
            "content": {"application/json": {"schema": taken}},
        }
        operation["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same request with the same key, within a day, changes nothing more and gets the "
                "same answer.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            }
        )
    return operation


def _parameters(door: Door, wanted: JSON, components: Mapping[str, JSON]) -> list[JSON]:
    schema, inside = _found(wanted, components), _PARAMETER.findall(door.path)
    properties: JSON = schema.get("properties", {})
    required = schema.get("required", ())
    names = inside if door.has_body else [*inside, *(name for name in properties if name not in (*inside, PLACE))]
    going_on = [_CURSOR] if door.is_list else []
    return going_on + [
        {
            "name": name,
            "in": "path" if name in inside else "query",
            "required": name in inside or name in required,
            "description": properties[name].get("description", ""),
            "schema": _said(properties[name]),
        }
        for name in names
    ]


def _said(schema: JSON) -> JSON:
    """As a path or a query says it, which have no null."""
    left = {key: value for key, value in schema.items() if key not in {"description", "anyOf"}}
    if left.get("default", "") is None:
        del left["default"]
    some = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return {**left, **(some[0] if len(some) == 1 else {"anyOf": some} if some else {})}


def _page(told: JSON, components: Mapping[str, JSON]) -> JSON:
    """As it goes out: the place is sealed."""
    schema = _found(told, components)
    going_on = {"type": ["string", "null"], "description": "The `cursor` of the next page; null: this was all."}
    return {"type": "object", "required": ["items", "next"], "properties": {**schema["properties"], "next": going_on}}


def _found(schema: JSON, components: Mapping[str, JSON]) -> JSON:
    reference = schema.get("$ref")
    return schema if reference is None else components[reference.rpartition("/")[2]]


def _without(schema: JSON, names: set[str]) -> JSON:
    left = {name: one for name, one in schema.get("properties", {}).items() if name not in names}
    required = [name for name in schema.get("required", ()) if name not in names]
    return {**schema, "properties": left, "required": required, "title": f"{schema.get('title', '')}Body"}


def _plain(schema: JSON) -> JSON:
    return {**schema, "description": inspect.cleandoc(schema["description"])} if "description" in schema else schema
