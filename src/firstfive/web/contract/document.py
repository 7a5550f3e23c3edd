"""The OpenAPI 3.1 document, made out of the table, the values that travel and the roles; nothing in it is written twice.

Called by `reference` and by tests. Reads nothing.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

import msgspec

from firstfive.client.wire import incident, problem, words
from firstfive.web.accounts.roles import Need, need_of
from firstfive.web.contract.operations import AT, JSON, OPERATIONS, STREAM, Operation
from firstfive.web.contract.taking import meaning, optional

SCHEMAS = "#/components/schemas/{name}"
PROBLEM = "application/problem+json"
AREAS = {
    "incidents": "What is wrong now, what waits, and what people say about it.",
    "live": "Server-sent events: whoever comes back with the last id they had misses nothing and gets nothing twice.",
    "outside": "What came from senders, and what stands against it.",
    "past": "Everything that ever happened.",
    "beside": "What stands beside the room.",
    "people": "Accounts. Without accounts these answer 403.",
    "itself": "The program itself.",
}
PROBLEMS = {
    401: "nobody is signed in: no key and no token, or a wrong one",
    403: "the role, or the scope of the token, does not allow it",
    404: "there is nothing of that name",
    409: "the rules refuse it now, and say why",
    413: "the body is larger than 1 MiB",
    422: "asked wrongly: a field is missing, unknown, too long or of the wrong type",
    503: "the journal cannot be read or written",
}
PATHS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "pattern": "^INC-[0-9]{1,9}$", "description": "an incident, such as INC-7"},
    "number": {"type": "integer", "minimum": 1, "description": "a request of a sender, as `signals` lists it"},
    "run": {"type": "string", "pattern": "^[^/]{1,200}$", "description": "a run by its id, or a step by its id"},
    "silence": {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$", "description": "a silence by its id"},
    "runbook": {"type": "string", "pattern": "^[^/]{1,80}$", "description": "a runbook by its id"},
}
AROUND: dict[str, Any] = {
    "incident": incident.Entry,
    "output": incident.Saying,
    "webhook": words.MessageOut,
    "problem": problem.Problem,
}


@cache
def document(version: str) -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Firstfive",
            "version": version,
            "summary": "Incidents as data: everything that the pages can do.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in AREAS.items()],
        "paths": _paths(),
        "webhooks": _webhooks(),
        "components": {
            "schemas": _schemas(),
            "responses": {str(status): _problem(about) for status, about in PROBLEMS.items()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "a token with the scope that a call names (`firstfive token new`); without accounts the key",
                }
            },
        },
    }


def need(operation: Operation) -> Need:
    """The role and the scope that a call takes."""
    found = need_of(operation.path, operation.method)
    assert found is not None, operation.path
    return found


def statuses(operation: Operation) -> tuple[int, ...]:
    """Every status that is a problem of this call."""
    if need(operation).open:
        return ()
    found = {401, 403, 422, 503}
    if "{" in operation.path or operation.name in (
        "report",
        "try-again",
        "role",
        "disable",
        "end-session",
        "revoke-token",
    ):
        found.add(404)
    if operation.method == "POST":
        found |= {409, 413}
    return tuple(sorted(found))


def _paths() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return paths


def _operation(one: Operation) -> dict[str, Any]:
    wants = need(one)
    told: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.area],
        "summary": one.about,
        "parameters": [*_in_path(one), *_in_query(one), *_in_header(one)],
        "responses": {
            str(one.status): _answer(one),
            **{str(s): {"$ref": f"#/components/responses/{s}"} for s in statuses(one)},
        },
    }
    if wants.open:
        told["security"] = []
    else:
        told["description"] = f"Takes the role {wants.role.word}; of a token the scope {wants.scope}."
        told["security"] = [{"token": [wants.scope]}]
    if one.takes is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(one.takes)}}}
    return told


def _in_path(one: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": PATHS[name]} for name in names]


def _in_query(one: Operation) -> list[dict[str, Any]]:
    hints = get_type_hints(one.asks, include_extras=True)
    return [
        {
            "name": field.name,
            "in": "query",
            "required": not optional(one.asks, field.name),
            "description": meaning(one.asks, field.name),
            "schema": _without_null(msgspec.json.schema(hints[field.name])),
        }
        for field in fields(one.asks)
    ]


def _in_header(one: Operation) -> list[dict[str, Any]]:
    if one.media == STREAM:
        about = "the id of the last event that was read; the stream goes on behind it"
        return [{"name": "Last-Event-ID", "in": "header", "description": about, "schema": {"type": "string"}}]
    if one.method == "POST" and one.path.startswith(AT):
        about = "sent again with the same key and body the call acts once and gets the first answer"
        shape = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        key = {"name": "Idempotency-Key", "in": "header", "description": about, "schema": shape}
        light = "with return=minimal the timeline of the answer holds only the entries that came since"
        prefer = {"name": "Prefer", "in": "header", "description": light, "schema": {"type": "string"}}
        return [key, prefer] if one.answers is incident.Incident and "{id}" in one.path else [key]
    return []


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What an address can hold: a value or nothing, never null."""
    kept = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    plain = dict(kept[0] if len(kept) == 1 else schema)
    if None in plain.get("enum", ()):
        plain["enum"] = [one for one in plain["enum"] if one is not None]
    return plain


def _answer(one: Operation) -> dict[str, Any]:
    if one.answers is None:
        shape = {"type": "object"} if one.media == JSON else {"type": "string"}
        return {"description": one.about, "content": {one.media: {"schema": shape}}}
    content = {one.media: {"schema": _ref(one.answers)}}
    if one.also:
        content[one.also] = {"schema": {"type": "string"}}
    told: dict[str, Any] = {"description": one.answers.__doc__, "content": content}
    if any(field.name == "next" for field in fields(one.answers)) and one.answers is not incident.Incident:
        about = 'the address of the part that follows, as rel="next"; absent at the end'
        told["headers"] = {"Link": {"description": about, "schema": {"type": "string"}}}
    return told


def _problem(about: str) -> dict[str, Any]:
    return {"description": about, "content": {PROBLEM: {"schema": _ref(problem.Problem)}}}


def _ref(shape: type[Any]) -> dict[str, str]:
    return {"$ref": SCHEMAS.format(name=shape.__name__)}


def _schemas() -> dict[str, Any]:
    bodies = {one.takes for one in OPERATIONS if one.takes is not None}
    answers = {one.answers for one in OPERATIONS if one.answers is not None} | set(AROUND.values())
    _, found = msgspec.json.schema_components(
        sorted(bodies | answers, key=lambda one: one.__name__), ref_template=SCHEMAS
    )
    for shape in bodies:
        found[shape.__name__]["additionalProperties"] = False
    return dict(sorted(found.items()))


def _webhooks() -> dict[str, Any]:
    about = "Every message to a notifier of the kind webhook. It is sent again until the answer is 2xx; the id tells a repeat."
    signed = {
        "webhook-id": "the same for a repeat",
        "webhook-timestamp": "seconds since 1970",
        "webhook-signature": "`v1,` and the HMAC-SHA256 over id, timestamp and body with dots between, in base64",
    }
    return {
        "message": {
            "post": {
                "operationId": "message-out",
                "summary": about,
                "parameters": [
                    {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
                    for name, said in signed.items()
                ],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref(words.MessageOut)}}},
                "responses": {"2XX": {"description": "it has arrived"}},
            }
        }
    }
