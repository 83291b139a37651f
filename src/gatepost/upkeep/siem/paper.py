"""What is exported, where to, and what a receiver's answer means. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from gatepost.ids import ExportId, LeafIndex, TenantId


class Kind(StrEnum):
    """What stands at the other end."""

    SPLUNK = "splunk"  # HTTP Event Collector
    DATADOG = "datadog"  # logs intake, version 2
    ELASTIC = "elastic"  # _bulk into a data stream
    SYSLOG = "syslog"  # RFC 5424 over TLS (RFC 5425)
    OTLP = "otlp"  # OpenTelemetry logs over HTTP


class Format(StrEnum):
    """How an entry is spelled, whatever carries it."""

    NATIVE = "native"  # the leaf as it stands in the log
    ECS = "ecs"
    OCSF = "ocsf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How to reach a destination; all of it is sealed at rest.

    Attributes:
        url: as given, completed by the kind's own path.
        credential: token or key; never shown again.
        ca: PEM of the authorities its certificate is checked against; empty for the well-known ones.
        index: of Splunk, or the data stream of Elastic; empty for the default.
        region: where the data go, as declared or as the site implies.
    """

    url: str
    credential: str
    ca: str = ""
    index: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a tenant's entries go. ``wants_ack``: Splunk confirms indexing, not only receipt."""

    id: ExportId
    kind: Kind
    format: Format
    is_personal: bool
    wants_ack: bool
    place: Place
    created_at: datetime


class Run(NamedTuple):
    """Places, both ends included, that were sent beyond the cursor; ``ack`` is None where they are confirmed."""

    first: int
    last: int
    ack: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a destination is: ``next_index`` and all above it are still to be exported, though ``ahead`` was sent.

    ``turn``: the number of its newest turn. ``tolerated_to``: the place from which on a row of refusals stops it.
    """

    destination: Destination
    next_index: int
    log_size: int
    exported_at: datetime | None
    is_stopped: bool
    reason: str
    alert: str
    failures: int
    rejected: int
    letters: int
    ahead: tuple[Run, ...] = ()
    turn: int = 0
    tolerated_to: int = 0

    @property
    def lag(self) -> int:
        """How many entries of the published log are still to go."""
        return max(self.log_size - self.next_index, 0)

    @property
    def exported_through(self) -> int | None:
        """The last index that is behind us; None before the first."""
        return self.next_index - 1 if self.next_index else None

    @property
    def assurance(self) -> str:
        """What 'exported' means here: the strongest thing the receiver ever says."""
        match self.destination.kind:
            case Kind.ELASTIC:
                return "stored"
            case Kind.SPLUNK:
                return "indexed" if self.destination.wants_ack else "received, not confirmed as indexed"
            case Kind.DATADOG | Kind.OTLP:
                return "received"
            case Kind.SYSLOG:
                return "sent, best effort: syslog has no acknowledgement"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry on its way out. ``text``: the leaf's exact octets; ``opened``: values its commitments hide, if any."""

    tenant: TenantId
    leaf_index: LeafIndex
    leaf_hash: str
    log_origin: str
    at: datetime
    text: str
    leaf: Mapping[str, Any]
    opened: Mapping[str, Any] = field(default_factory=dict)

    @property
    def marks(self) -> dict[str, Any]:
        """What every format carries, so that a gap shows."""
        return {"leaf_index": self.leaf_index, "leaf_hash": self.leaf_hash, "log_origin": self.log_origin}


@dataclass(frozen=True, slots=True)
class Letter:
    """An entry a destination would not take."""

    leaf_index: LeafIndex
    reason: str
    at: datetime
    is_due: bool


@dataclass(frozen=True, slots=True)
class Spelled:
    """An event in a receiver's spelling."""

    leaf_index: LeafIndex
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer means for the events sent, by position; those not named were taken.

    Attributes:
        again: to be sent again.
        dead: never to be sent again, with the reason.
        is_split: something in it, or its size, was refused: send each half; alone, an event is dead.
        stop: nothing will be taken until a person has acted; why.
        alert: all went well, and somebody should look nevertheless; why.
        reason: of ``again`` and ``is_split``.
        is_slow: taken, but the receiver is near its limits.
        wait_s: how long the receiver asked us to wait.
        ack: what to ask for later, where taken is not yet confirmed.
        rejected: how many were refused without being named.
    """

    again: Collection[int] = ()
    dead: Mapping[int, str] = field(default_factory=dict)
    is_split: bool = False
    stop: str = ""
    alert: str = ""
    reason: str = ""
    is_slow: bool = False
    wait_s: float = 0
    ack: int | None = None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was said of batches that wait. ``stop``: why none of them can ever be confirmed until a person has acted."""

    numbers: frozenset[int] = frozenset()
    stop: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most one request may hold, before compression; and one event."""

    events: int
    batch_octets: int
    event_octets: int


class Dialect(Protocol):
    """How one kind of receiver is spoken to over HTTP."""

    @property
    def limits(self) -> Limits:
        """What fits into one request."""

    @property
    def url(self) -> str:
        """Where to post."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What to post with."""

    def spell(self, event: Event) -> bytes:
        """Return one event as it stands in a request."""

    def body(self, spelled: Sequence[bytes]) -> bytes:
        """Return a request's body."""

    def judge(self, count: int, status: int, answer: bytes) -> Verdict:
        """Return what the answer to ``count`` events means; raises for nothing a receiver said."""
