"""A new sub-processor's way to its first byte: announced, told to each tenant, thirty days, objections, engaged. Pure.

A case is folded from leaves of the public trust log and from nothing else. Its clock too runs on leaves: thirty days
have passed when each of their hours is borne out by a leaf *in a signed head* after the one that says that everybody
was told (``log_time``).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from gatepost.ids import LeafIndex
from gatepost.record.canonical import canonical
from gatepost.record.trust_log import Stated
from gatepost.trust.log_time import LogTime
from gatepost.trust.registers import Supplier

ANNOUNCED, NOTICED, ENGAGED = "subprocessor.announced", "subprocessor.noticed", "subprocessor.engaged"
OBJECTED, SETTLED = "subprocessor.objected", "subprocessor.settled"
WITHDRAWN = "subprocessor.withdrawn"
SUBJECT = "@subprocessor/"
OBJECTION, SETTLEMENT, EXCLUSION = "@objection/", "@settlement/", "@exclusion/"
"""The subjects of a tenant's own facts: its objections, how they ended, and the suppliers its data never go to."""
EXCLUDED = "exclusion"
OUTCOMES = frozenset({"alternative", EXCLUDED, "exit", "taken_back"})
"""How an objection may end: another way for this tenant, without the new one, leaving with export, or taken back."""
ENTITLED_PLANS = frozenset({"business", "enterprise"})
"""Plans whose tenants may object; the others are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How far a supplier has come.

    Attributes:
        digest: of what was announced last; a supplier that is changed since is another one.
        engaged: of what is engaged, which goes on while a change of it is announced; empty for nothing.
        noticed_at: when the leaf in a signed head says that every tenant had been told; None before.
        noticed_in: that leaf's place.
        waited: how long after its notice it was engaged; None of what was there before the log.
        objections: references of those not settled yet.
        has_exclusions: some tenant's data never go there, whatever is engaged.
    """

    digest: str = ""
    announced_at: datetime | None = None
    noticed_at: datetime | None = None
    noticed_in: LeafIndex | None = None
    engaged: str = ""
    waited: timedelta | None = None
    objections: frozenset[str] = field(default_factory=frozenset)
    has_exclusions: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether something is announced that is not engaged."""
        return self.announced_at is not None and self.engaged != self.digest


def digest(supplier: Supplier) -> str:
    """Return the SHA-256 of what tenants are told: who, what for, which data, where, on what grounds, which hosts."""
    told = asdict(supplier)
    parts = {name: told[name] for name in ("id", "name", "purpose", "data", "region", "transfer", "processes")}
    return hashlib.sha256(canonical({**parts, "hosts": [*sorted(supplier.hosts)]}).encode()).hexdigest()


def case_of(facts: Sequence[Stated]) -> Case:
    """Fold a supplier's facts, oldest first. A new announcement begins anew: earlier notices were of something else."""
    found = Case()
    open_: set[str] = set()
    for fact in facts:
        said = str(fact.detail.get("digest", ""))
        if fact.action == ANNOUNCED:
            found, open_ = replace(found, digest=said, announced_at=fact.at, noticed_at=None, noticed_in=None), set()
        elif fact.action == WITHDRAWN:
            found, open_ = Case(has_exclusions=found.has_exclusions), set()
        elif fact.action == ENGAGED:
            waited = None if found.noticed_at is None else fact.at - found.noticed_at
            found = replace(found, engaged=said, waited=waited)
        elif fact.action == NOTICED and said == found.digest and fact.leaf_index is not None:
            found = replace(found, noticed_at=fact.at, noticed_in=fact.leaf_index)
        elif fact.action == OBJECTED:
            open_.add(str(fact.detail["objection"]))
        elif fact.action == SETTLED:
            open_.discard(str(fact.detail["objection"]))
            found = replace(found, has_exclusions=found.has_exclusions or fact.detail.get("outcome") == EXCLUDED)
    return replace(found, objections=frozenset(open_))


def is_engaged(case: Case, supplier: Supplier) -> bool:
    """Tell whether data may go there: as it was announced, and not as it has been changed since."""
    return case.engaged == digest(supplier)


def state(case: Case, supplier: Supplier) -> str:
    """Say in a word how far a supplier is by the log, and by the log alone."""
    if is_engaged(case, supplier):
        return "engaged"
    if case.digest != digest(supplier):
        return "not announced"
    return "announced" if case.noticed_at is None else f"notice since {case.noticed_at.date().isoformat()}"


def obstacle(case: Case, supplier: Supplier, log: LogTime) -> str:
    """Return what keeps a supplier from being engaged, as ``subject.fact``; empty where nothing does.

    Args:
        case: how far it has come.
        supplier: as the register has it now.
        log: the time by the trust log.
    """
    if case.announced_at is None:
        return "notice.never_given"
    if case.digest != digest(supplier):
        return "supplier.changed"
    if case.noticed_at is None or case.noticed_in is None:
        return "notice.undelivered"
    return log.obstacle(case.noticed_at, case.noticed_in) or ("objection.open" if case.objections else "")
