"""The policy document as OpenAPI shows it. ``decide`` owns the language and reads the document itself."""

import math
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gatepost.doors.rest.shapes import Shape, sayable


class CamelShape(Shape):
    """The same, spelled in camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Named:
    """Marks a value that passes through unread while OpenAPI shows the schema of that name (``openapi.describe``)."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"$comment": self._name}


EXAMPLE: dict[str, Any] = {
    "defaultAction": "bounce",
    "senders": [
        {
            "match": {"address": "boss@example.com", "requireDkim": True},
            "capabilities": ["read_calendar", "propose_meeting"],
            "rateLimit": {"perHour": 20, "perDay": 100},
            "tokenBudget": {"perThread": 50000},
        }
    ],
    "contentGuards": [{"reject": "(?i)ignore previous instructions", "reason": "prompt_injection_suspected"}],
    "auditLog": {"retentionDays": 365, "includeBodyHash": True},
}

DEPTH_MAX = 16
"""How deep a document may nest; the language itself needs five."""


D = TypeVar("D")


def storable(document: D) -> D:
    """Return ``document`` if it could be kept at all: no NUL or lone surrogate, no NaN, no abyss.

    Raises:
        ValueError: it could not; what it means is for ``decide`` to judge.
    """
    level: list[Any] = [document]
    for _ in range(DEPTH_MAX):
        beneath: list[Any] = []
        for value in level:
            match value:
                case str():
                    sayable(value)
                case float() if not math.isfinite(value):
                    raise ValueError("a number must be finite")
                case dict():
                    beneath += [*value.keys(), *value.values()]
                case list():
                    beneath += value
                case _:
                    pass
        level = beneath
    if level:
        raise ValueError(f"a policy nests at most {DEPTH_MAX} deep")
    return document


PolicyDocument = Annotated[dict[str, Any], AfterValidator(storable), Named("MailPolicy")]


class PolicyShown(CamelShape):
    """A policy in force. `warnings` names capabilities this release does not know."""

    mailbox_id: int
    version: int
    policy: PolicyDocument
    warnings: list[str]


class RevocationWanted(Shape):
    """Which version's grants shall count no more."""

    version: int = Field(ge=1, le=2**31 - 1)


class RevocationMade(Shape):
    """Its grants count no more; `is_new` is false where they did not before."""

    mailbox_id: int
    version: int
    is_new: bool


class TenantPolicyShown(CamelShape):
    """The policy above all mailboxes, in force."""

    version: int
    policy: PolicyDocument
    warnings: list[str]
