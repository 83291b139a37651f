"""What checks look at: the house, its settings, where it listens, and the operator's folder."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.settings import Settings
from gatepost.trust.operator import Operator
from gatepost.upkeep.retention import Keeper

PUBLIC = "public"
"""The door as strangers find it, by its public URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A door of the house as a client finds it.

    Attributes:
        door: ``smtp``, ``http``, ``metrics``.
        host: under which this machine reaches it.
        tls: ``implicit``, ``starttls``, or empty where it speaks in clear.
        bound: the address it listens on, where that is another: ``0.0.0.0`` is reached under loopback.
        name: that clients ask for, and its certificate must bear; empty: the host, where it is no address.
    """

    door: str
    host: str
    port: int
    tls: str
    bound: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A tenant and mailbox of our own, for mails and acts that are nobody's.

    ``act`` does a harmless administrative act there and returns the action its entry must name. ``agent``: a second
    mailbox, which has a hosted agent; empty for none.
    """

    tenant: TenantId
    address: str
    act: Callable[[], Awaitable[str]]
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One house, to be looked at.

    Attributes:
        canary: None where the house keeps none.
        version: of the program that runs.
        keeper: who forgets; None where it is not at hand.
        packages: the distributions it needs to run, each at its version (``weakness.pin``).
        source: where its modules lie.
        pid: of the house; 0: this very process.
        credentials: files outside the state folder in which it may find passwords.
    """

    house: House
    settings: Settings
    operator: Operator
    endpoints: tuple[Endpoint, ...]
    canary: Canary | None
    version: str
    packages: frozenset[str]
    keeper: Keeper | None
    source: Path
    pid: int = 0
    credentials: tuple[Path, ...] = ()
