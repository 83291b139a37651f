"""The description clients read: FastAPI's, with our problems in place of its validation errors."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gatepost.decide.grammar import schema
from gatepost.doors.rest.problems import MEANINGS, MEDIA_TYPE, Code
from gatepost.doors.rest.shapes import ProblemShown

DESCRIPTION = """\
The HTTP contract of a Gatepost house. Mail is verified, judged by the mailbox's policy and recorded before an agent
sees it; every decision is an entry in the tenant's own transparency log.

Errors are `application/problem+json` (RFC 9457) and also carry `error` or `errors`. Answers 429 and 503 say in
`Retry-After` how many seconds to wait. An id that is not the key's to see answers 404, whoever owns it.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, built once and kept on the application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Gatepost",
            version=version("gatepost"),
            description=DESCRIPTION,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            servers=[{"url": "/"}],
        )
        _replace_errors(document)
        _name_the_policy(document)
        app.openapi_schema = document
    return app.openapi_schema


def _replace_errors(document: dict[str, Any]) -> None:
    """Describe each operation's problems, and drop the framework's own error shapes."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = ProblemShown.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schemas["Problem"].pop("$defs")
    for path, operations in document["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            responses.pop("422", None)
            for code in _codes_of(path, operation):
                responses[str(MEANINGS[code].status)] = _problem(code)


def _name_the_policy(document: dict[str, Any]) -> None:
    """Let the policy's own schema, which its room publishes, stand wherever a policy does."""
    beneath: list[Any] = [document]
    while beneath:
        value = beneath.pop()
        if isinstance(value, dict):
            if value.get("$comment") == "MailPolicy":
                del value["$comment"]
                value["$ref"] = "#/components/schemas/MailPolicy"
            beneath += value.values()
        elif isinstance(value, list):
            beneath += value
    document["components"]["schemas"]["MailPolicy"] = schema()


_REFUSALS = {
    "/erasures": (Code.ERASURE_HELD,),
    "/legal-holds": (Code.HOLD_BUSY,),
    "/reservations": (Code.BUDGET_EXHAUSTED, Code.GRANT_REFUSED),
    "{message_id}/raw": (Code.MESSAGE_UNSEALED,),
    "{message_id}/usage": (Code.BUDGET_EXHAUSTED, Code.GRANT_REFUSED),
    "/proposals/{proposal_id}/decision": (
        Code.PROPOSAL_SETTLED,
        Code.PROPOSAL_CHANGED,
        Code.PROPOSAL_OUTDATED,
        Code.PROPOSAL_UNJUDGED,
    ),
    "/policy/replays/{replay_id}": (Code.REPLAY_SHOWN,),
    "/notices/subprocessors/": (Code.NOTICE_REFUSED,),
    "/notices/terms/": (Code.NOTICE_REFUSED,),
    "/holds/{hold_id}": (Code.HOLD_SETTLED, Code.RESOURCE_ERASED),
    "/waiting/{waiting_id}": (Code.HOLD_SETTLED, Code.RESOURCE_ERASED, Code.PETITION_INVALID),
}
"""By a piece of the path: what else is refused there."""


def _codes_of(path: str, operation: dict[str, Any]) -> list[Code]:
    """Return the problems an operation may answer with."""
    codes = [Code.REQUEST_MALFORMED, Code.REQUEST_TOO_LARGE]
    if "security" in operation:
        codes += [Code.KEY_MISSING, Code.RATE_EXCEEDED, Code.HOUSE_UNAVAILABLE]
        codes += [Code.SCOPE_MISSING] if any(any(need.values()) for need in operation["security"]) else []
    if path == "/health/ready":
        codes.append(Code.HOUSE_UNAVAILABLE)
    if "{" in path or path.startswith(("/api/v1/policy", "/api/v1/log/")):
        codes.append(Code.RESOURCE_MISSING)
    if "application/yaml" in operation.get("requestBody", {}).get("content", {}):
        codes += [Code.MEDIA_UNSUPPORTED, Code.POLICY_INVALID, Code.POLICY_UNREADABLE]
    if path.endswith(("/reply", "/bounce", "/messages")) and "requestBody" in operation:
        codes.append(Code.POLICY_UNREADABLE)
    if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ())):
        codes.append(Code.POLICY_OVERTAKEN)
    for piece, refusals in _REFUSALS.items():
        codes += refusals if piece in path else []
    if "/petitions" in path and "requestBody" in operation:
        codes.append(Code.PETITION_INVALID)
    if operation.get("parameters") or "requestBody" in operation:
        codes.append(Code.REQUEST_INVALID)
    return codes


def _problem(code: Code) -> dict[str, Any]:
    shape = {"$ref": "#/components/schemas/Problem"}
    described: dict[str, Any] = {"description": MEANINGS[code].title, "content": {MEDIA_TYPE: {"schema": shape}}}
    if code in {Code.RATE_EXCEEDED, Code.WORKBENCH_BUSY, Code.HOUSE_UNAVAILABLE}:
        described["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    if code is Code.KEY_MISSING:
        described["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return described
