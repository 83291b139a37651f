"""Decide a recorded decision once more, by its entry, its opening and the policies that were in force."""

from dataclasses import dataclass

from gatepost import decide, mailbox, record
from gatepost.blobs import BlobsUnavailableError
from gatepost.decide import TENANT_WIDE, PolicyError, replay
from gatepost.decide.language import Policy
from gatepost.decide.paper import Seen
from gatepost.decide.replay import ENGINE, Replayed, Told, Verdict
from gatepost.deliver import hold, hold_end
from gatepost.deliver.paper import Hold, HoldState
from gatepost.ids import AccountId, BlobId, EmailId, EntryId, TenantId
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.mail import fields
from gatepost.record.paper import DecisionRow, Json
from gatepost.verify import content, stored
from gatepost.verify.paper import Content


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded decision, and what came of deciding it again."""

    row: DecisionRow
    replayed: Replayed


async def replay_entries(
    house: House, tenant: TenantId, *, entry: EntryId | None = None, email: EmailId | None = None
) -> list[Case]:
    """Replay the decision of that number, or those about that email, oldest first; empty where there is none."""
    async with house.db.transaction(tenant) as tx:
        rows = await record.decision_rows(tx, entry=entry, email=email)
    return [Case(row, await _replay(house, tenant, row)) for row in rows]


class CannotTellError(Exception):
    """It cannot be decided again; the message says why."""


async def _replay(house: House, tenant: TenantId, row: DecisionRow) -> Replayed:
    try:
        seen = await seen_then(house, tenant, row)
        policy, above = await policy_then(house, tenant, row), await above_then(house, tenant, row)
    except CannotTellError as error:
        return Replayed(Verdict.UNDECIDABLE, str(error))
    return replay.replay(seen, policy, above, Told(row.disposition, row.outcome, row.reason, row.trace))


async def seen_then(house: House, tenant: TenantId, row: DecisionRow) -> Seen:
    """Return what the decision saw; raises ``CannotTellError``."""
    told, said = _told(row), await _said(house, tenant, row)
    try:
        return replay.read(told, received_at=row.received_at, said=said)
    except (LookupError, TypeError, ValueError) as error:
        raise CannotTellError("this release cannot read what the entry says was seen") from error


async def policy_then(house: House, tenant: TenantId, row: DecisionRow) -> Policy | None:
    """Return the mailbox's policy that the entry names, None where it had none for mail that leaves.

    Raises:
        CannotTellError: it is not there, or another one.
    """
    if not row.policy_version:
        return None
    return await _policy(house, tenant, row.account, row.policy_version, row.policy_digest)


async def above_then(house: House, tenant: TenantId, row: DecisionRow) -> Policy | None:
    """Return the tenant's policy that the entry names, None where there was none; raises ``CannotTellError``."""
    if not row.tenant_policy_version:
        return None
    return await _policy(house, tenant, TENANT_WIDE, row.tenant_policy_version, row.tenant_policy_digest)


def _told(row: DecisionRow) -> dict[str, Json]:
    """Return what the entry says was seen."""
    if row.is_erased:
        raise CannotTellError("it was erased: what the decision saw cannot be read any more")
    if not (row.policy_version or row.is_outbound):
        raise CannotTellError(f"no stored policy spoke: a built-in rule said {row.reason}")
    if row.seen is None:
        raise CannotTellError("its entry was written before entries told what a decision saw")
    if row.seen.get("engine") != ENGINE:
        raise CannotTellError(f"engine {row.seen.get('engine')} decided it, and this is engine {ENGINE}")
    if row.is_outbound and "leaving" not in row.seen:
        raise CannotTellError("its entry was written before entries told where a message goes")
    if row.seen.get("is_whole") is not True:
        raise CannotTellError("it had more attachments or signatures than an entry tells of")
    return row.seen


async def _policy(house: House, tenant: TenantId, account: AccountId, version: int, digest: str) -> Policy:
    """Return the policy of that version, if it is the one the entry names."""
    whose = f"version {version} of {'the tenant' if account == TENANT_WIDE else 'the mailbox'}'s policy"
    try:
        async with house.db.transaction(tenant) as tx:
            policy = await decide.policy_at(tx, account, version)
    except LookupError as error:
        raise CannotTellError(f"{whose} is not there") from error
    except PolicyError as error:
        raise CannotTellError(f"this release cannot read {whose}") from error
    if policy.digest != digest:
        raise CannotTellError(f"{whose} has another digest than the entry says")
    return policy


async def _said(house: House, tenant: TenantId, row: DecisionRow) -> Content | None:
    """Return what the message says; None where it was not kept: neither in a mailbox nor for a person."""
    async with house.db.transaction(tenant) as tx:
        waiting = await hold.on_email(tx, row.email)
        email = await mailbox.get(tx, row.account, row.email)
    if waiting is not None and waiting.state is HoldState.WAITING:
        return await _said_in_wait(house, tenant, waiting)
    if row.is_outbound:
        return await _said_outside(house, tenant, row)
    if email is None or email.is_erased:
        return None
    raw = await _octets(house, tenant, row.email, email.blob)
    return None if raw is None else stored.content_of(raw, email.reading)


async def _said_in_wait(house: House, tenant: TenantId, waiting: Hold) -> Content | None:
    """Return what a message says that waits for a person, its files read as for whoever lets it go."""
    try:
        verified = await hold_end.take_up(waiting, tenant, house.db, house.blobs, house.extractor)
    except (hold_end.HoldSettledError, hold_end.HoldChangedError, ErasedError, BlobsUnavailableError):
        return None
    return verified.evidence.content


async def _said_outside(house: House, tenant: TenantId, row: DecisionRow) -> Content | None:
    """Return what a message says that was to leave; None where it is gone, or said something in files, too."""
    evidence = row.seen["evidence"] if row.seen else None
    has_files = isinstance(evidence, dict) and bool(evidence.get("files"))
    raw = None if row.blob is None or has_files else await _octets(house, tenant, row.email, row.blob)
    return None if raw is None else content.read(raw, fields.split(raw))


async def _octets(house: House, tenant: TenantId, email: EmailId, blob: BlobId) -> bytes | None:
    try:
        return await mailbox.read_body(house.db, house.blobs, tenant, email, blob)
    except (ErasedError, BlobsUnavailableError):
        return None
