"""The policy document as OpenAPI shows it. ``decide`` owns the language and reads the document itself."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gatepost.doors.rest.shapes import Shape, sayable


class CamelShape(Shape):
    """The same, spelled in camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ShownAs:
    """Marks a value that passes through unread while OpenAPI shows it as ``model``: its owner room validates it."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._model.__pydantic_core_schema__)


class ArcSealers(CamelShape):
    """Also trust mail whose newest ARC seal is one of these domains' and vouches for the author."""

    arc: list[str] = Field(min_length=1, examples=[["lists.example"]])


class SenderMatch(CamelShape):
    """Whom a rule is about: an address, a domain (not its sub-domains), or an address within a domain."""

    address: str | None = None
    domain: str | None = None
    require_dkim: bool = False
    require_spf: bool = False
    assurance: Literal["aligned", "dmarc", "none"] | ArcSealers = Field(
        "aligned", description="What must prove the author; `none` accepts a forged From and must be written out."
    )


class RateLimit(CamelShape):
    """Messages from this sender, in windows that slide."""

    per_hour: int | None = None
    per_day: int | None = None


class TokenBudget(CamelShape):
    """Tokens the agent may spend on this sender."""

    per_thread: int | None = None
    per_day: int | None = None


class SenderRule(CamelShape):
    """The first rule whose match names the author is the rule."""

    match: SenderMatch
    capabilities: list[str] = Field(default=[])
    rate_limit: RateLimit | None = None
    token_budget: TokenBudget | None = None


class ContentGuard(CamelShape):
    """A pattern (RE2) that no accepted message may contain, and the reason the record then gives."""

    reject: str = Field(examples=["(?i)ignore (all )?previous instructions"])
    reason: str = Field(examples=["prompt_injection_suspected"])


class AuditConfig(CamelShape):
    """What the record keeps of each message."""

    retention_days: int = Field(ge=1)
    include_body_hash: bool = False


class MailPolicy(CamelShape):
    """Who may write to the agent, under which proof, how often, and what never gets through."""

    default_action: Literal["bounce", "drop"]
    senders: list[SenderRule]
    content_guards: list[ContentGuard] = Field(default=[])
    outbound: dict[str, Any] | None = Field(None, description="What may leave, to whom, how often: docs/outbound.md.")
    audit_log: AuditConfig


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


def storable(document: dict[str, Any]) -> dict[str, Any]:
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


PolicyDocument = Annotated[dict[str, Any], AfterValidator(storable), ShownAs(MailPolicy)]


class PolicyShown(CamelShape):
    """A policy in force. `warnings` names capabilities this release does not know."""

    mailbox_id: int
    version: int
    policy: PolicyDocument
    warnings: list[str]
