"""The wire's JSON, as pydantic models: what clients send and read, and what OpenAPI tells them.

Policy JSON is camelCase, everything else snake_case: the peers' contract has it so.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gatepost.access.paper import Role, Scope

Utc = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""An instant, spelled ISO 8601 with a final Z."""


def sayable(text: str) -> str:
    """Return ``text``; raises ``ValueError`` for NUL and lone surrogates: JSON can write them, no store keeps them."""
    if "\x00" in text:
        raise ValueError("NUL is not text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is not text") from None
    return text


Text = Annotated[str, AfterValidator(sayable)]
"""Text that mail and database can carry."""


Unreadable = Annotated[
    bool, Field(description="Of a list: it is damaged, so whatever was sealed is empty or null. It may be mended.")
]


class Shape(BaseModel):
    """Any object of the wire: read-only, unknown members refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DestinationShown(Shape):
    """Where connections of one purpose may go."""

    purpose: str
    destination: str = Field(description="host:port; * for any.")
    region: str = Field(description="Where the data go, as the operator declared it.")
    mechanism: str = Field(description="What the transfer rests on, as the operator declared it.")
    decided_by: str
    is_encrypted: bool = Field(description="TLS with a proven name, but to the house's own machine.")


class OpenedShown(Shape):
    """Connections that were opened."""

    purpose: str
    destination: str = Field(description="A row of the register, or a webhook's id.")
    count: int
    first_at: Utc
    last_at: Utc


class EgressShown(Shape):
    """The register."""

    destinations: list[DestinationShown]
    opened: list[OpenedShown]


class MailboxShown(Shape):
    """A mailbox the key may see."""

    id: int
    address: str


class MailboxList(Shape):
    """Every mailbox the key may see."""

    items: list[MailboxShown]


class Whoami(Shape):
    """The key that was presented, and how far it reaches. `mailbox_id` is null where it reaches all mailboxes."""

    key_id: str
    tenant_id: str
    role: Role
    scopes: list[Scope]
    mailbox_id: int | None


class FaultShown(BaseModel):
    """One fault of a policy: where, what, and the valid spelling nearest to what was written, if any is."""

    path: str
    reason: str
    nearest: str | None


class ProblemShown(BaseModel):
    """What went wrong (RFC 9457). `error` and `errors` repeat it for clients of the Mailbuttons contract."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    error: str
    errors: list[str] = []
    faults: list[FaultShown] = []


class ProblemKind(Shape):
    """What a problem's type means."""

    code: str
    status: int
    title: str
    advice: str


class Health(Shape):
    """The house answers."""

    status: Literal["ok"] = "ok"
