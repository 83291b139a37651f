"""Decide a recorded decision once more, by its entry, its opening and the policies that were in force."""

from dataclasses import dataclass

from gatepost import decide, mailbox, record
from gatepost.blobs import BlobsUnavailableError
from gatepost.decide import TENANT_WIDE, PolicyError, replay
from gatepost.decide.language import Policy
from gatepost.decide.paper import Seen
from gatepost.decide.replay import ENGINE, Replayed, Told, Verdict
from gatepost.ids import AccountId, EmailId, EntryId, TenantId
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.mailbox import BodyDamagedError, BodyMissingError
from gatepost.record.paper import DecisionRow, Json
from gatepost.verify import stored
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


async def policy_then(house: House, tenant: TenantId, row: DecisionRow) -> Policy:
    """Return the mailbox's policy that the entry names; raises ``CannotTellError``."""
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
    if not row.policy_version:
        raise CannotTellError(f"no stored policy spoke: a built-in rule said {row.reason}")
    if row.seen is None:
        raise CannotTellError("its entry was written before entries told what a decision saw")
    if row.seen.get("engine") != ENGINE:
        raise CannotTellError(f"engine {row.seen.get('engine')} decided it, and this is engine {ENGINE}")
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
    """Return what the message says; None where it was not kept."""
    async with house.db.transaction(tenant) as tx:
        email = await mailbox.get(tx, row.account, row.email)
    if email is None or email.is_erased:
        return None
    try:
        raw = await mailbox.read_body(house.db, house.blobs, tenant, row.email, email.blob)
    except (BodyMissingError, BodyDamagedError, ErasedError, BlobsUnavailableError):
        return None
    return stored.content_of(raw, email.reading)
