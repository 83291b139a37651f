"""One person outside the house, erased from one tenant: openings, mail, words of the index, queues, and the key.

The order, so that a crash between any two steps is made up for by ``replay``:

1. the roll outside the database knows which keys are to die, and no hold forbids it;
2. batch by batch, one transaction each: an entry of the log that names the entries concerned, their openings and all
   the rest removed (large bodies from the object store before their rows, which name them);
3. the keys die: whatever copy of what was sealed under them lies anywhere, nobody can read it any more, and nothing
   more comes under them, however much the person writes meanwhile;
4. what had come under them by then, and had no place in the log to be named by, is named as in 2.

A hold that is placed meanwhile stops it at the next batch; ``replay`` goes on once the hold is released
(docs/adr/0134). One that is placed when the keys are dead cannot bring them back: what came under them is named, for
that is how it is with it, and nothing more is removed. Leaves, tiles and proofs are not touched.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from gatepost.act.hosted import erase_store as turns
from gatepost.db import Transaction
from gatepost.decide import grant_store as grants
from gatepost.decide import outbound_store as outbound
from gatepost.decide import past_store as past
from gatepost.decide.store import blind_sender
from gatepost.deliver import hold_end
from gatepost.deliver import store as queue
from gatepost.ids import EmailId, TenantId
from gatepost.keys import Kind
from gatepost.mail.address import Address
from gatepost.mailbox import erase_store as mail
from gatepost.record import erase as entries
from gatepost.record.erase import Place, Removal, Rule
from gatepost.record.erased import Erased as Named
from gatepost.upkeep.retention.hold import HoldError, forbidding, removing
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.paper import Erasure, Hold
from gatepost.upkeep.retention.several import emails_under, held_keys, spelled

BATCH = 512
WAITS_MAX, WAIT_S = 40, 0.1
_EVERY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure came to, or would come to.

    ``waiting``: openings that had no place in the log yet and could not be named; their key is gone, and their rows
    go when the erasure is next replayed. ``held``: openings that nobody can read any more, and whose rows, with the
    messages they are about, a hold of the last seconds keeps; they go after its release.
    """

    request: str = ""
    openings: int = 0
    messages: int = 0
    bodies: int = 0
    indexed: int = 0
    queued: int = 0
    keys: int = 0
    waiting: int = 0
    held: int = 0


async def foresee(keeper: Keeper, tenant: TenantId, person: Address) -> Erased:
    """Count what ``erase_person`` would remove, and remove nothing.

    Raises:
        HoldError: it would be refused.
    """
    ids = await _ids(keeper, tenant, person)
    keys = spelled(ids)
    async with removing(keeper, tenant) as (tx, held):
        await _permit(tx, keeper, held, keeper.own.keys.subject_name(tenant, person.key), keys)
        emails = await _every_email(tx, keys)
        elsewhere = await mail.without_inline_body(tx, emails)
        others = [place for place in await entries.places_about(tx, emails) if place.subject not in keys]
        return Erased(
            openings=await entries.count_openings(tx, keys) + len(others),
            messages=len(await mail.subjects_of(tx, emails)),
            bodies=len(emails) - len(elsewhere) + len(await mail.present(tx, elsewhere)),
            queued=len(await queue.emails_of(tx, keys)),
            keys=len(ids),
        )


async def _every_email(tx: Transaction, keys: Sequence[bytes]) -> list[EmailId]:
    places = await entries.places_of(tx, keys, _EVERY)
    named = [place.email for place in places if place.email is not None]
    return list(dict.fromkeys([*named, *await _sealed_for(tx, keys)]))


async def _sealed_for(tx: Transaction, keys: Sequence[bytes]) -> list[EmailId]:
    """Return the messages of which something lies sealed under these keys beside the record."""
    return [
        *await mail.emails_of(tx, keys),
        *await queue.emails_of(tx, keys),
        *await turns.emails_of(tx, keys),
    ]


async def erase_person(keeper: Keeper, tenant: TenantId, person: Address, *, actor: str, reason: str = "") -> Erased:
    """Erase what the house holds of ``person`` for this tenant, and say so in the log; a second time finds nothing.

    Raises:
        HoldError: a legal hold forbids it, or one that was placed meanwhile forbids the rest: the text says which.
        RollError: the roll of erasures cannot be written; nothing was done.
        BlobsUnavailableError: the object store does not answer; what was begun is made up for at the next start.
        DatabaseUnavailableError: the same of the database.
    """
    ids = await _ids(keeper, tenant, person)
    vault = keeper.own.keys.vault(tenant)
    async with removing(keeper, tenant) as (tx, held):
        erasure = Erasure(
            tenant=tenant,
            request=keeper.new_request(),
            at=keeper.clock(),
            actor=actor,
            name=keeper.own.keys.subject_name(tenant, person.key),
            sender=blind_sender(vault, person.key),
            correspondent=outbound.blind_person(vault, person.key),
            keys=tuple(ids),
        )
        await _permit(tx, keeper, held, erasure.name, spelled(ids))
        await keeper.roll.add(erasure)
    return await carry_out(keeper, erasure, reason=reason)


async def _ids(keeper: Keeper, tenant: TenantId, person: Address) -> list[int]:
    """Return the ids of the person's keys."""
    keys = keeper.own.keys
    await keys.flush()
    return keys.ids(tenant, Kind.SUBJECT, keys.subject_name(tenant, person.key))


async def _permit(tx: Transaction, keeper: Keeper, held: Sequence[Hold], name: str, keys: Sequence[bytes]) -> None:
    """Go on, unless a hold forbids to remove what is sealed under these keys of the person of that name.

    With a message to several persons goes what each of them was sent: a hold of any of them keeps it.

    Raises:
        HoldError: one does.
    """
    accounts = await entries.accounts_of(tx, keys) if any(hold.scope.account for hold in held) else set()
    forbids = forbidding(held, name, accounts)
    emails = await _every_email(tx, keys) if any(hold.subject for hold in held) and not forbids else []
    for hold in held:
        if not forbids and await emails_under(tx, held_keys(keeper, tx.tenant, [hold]), emails):
            forbids = hold
    if forbids:
        raise HoldError(f"the legal hold {forbids.id} forbids it: {forbids.reason}")


async def carry_out(keeper: Keeper, erasure: Erasure, *, reason: str = "", is_final: bool = False) -> Erased:
    """Do what the roll says; what was done before is not done again.

    Args:
        keeper: who does it.
        erasure: what the roll says.
        reason: in the asker's words, for the entry.
        is_final: the keys are dead: what is left is unreadable, but for others' parts of it.

    Raises:
        HoldError: a hold that was placed after it was asked for forbids the rest: ``replay`` goes on with it.
    """
    tenant, keys = erasure.tenant, spelled(erasure.keys)
    total = Erased(request=erasure.request)
    removal = Removal(request=erasure.request, rule=Rule.PERSON, actor=erasure.actor, at=keeper.clock(), reason=reason)
    destroyed: int | None = None
    waits = 0
    for turn in count():
        async with removing(keeper, tenant) as (tx, held):
            places = await entries.places_of(tx, keys, BATCH)
            named = [place.email for place in places if place.email is not None]
            others = [] if turn else await _sealed_for(tx, keys)
            waiting = 0 if places else await entries.count_openings(tx, keys)
            emails = list(dict.fromkeys([*named, *others]))
            places = _together(places, await entries.places_about(tx, emails))
            kept = await _kept(tx, keeper, held, erasure) if places or emails or waiting else None
            if kept is not None and not is_final and destroyed is None:
                raise _stopped(kept, erasure, total)
            if kept is not None:
                waiting, there = await _name_dead(tx, keeper, removal, keys)
                total = replace(total, held=there)
            elif places or not turn:
                large = await keeper.remove_large_bodies(tx, emails)
                total = replace(total, bodies=total.bodies + large)
                total = await _batch(tx, keeper, erasure, removal, places, emails, total)
                continue
            if not waiting or waits == WAITS_MAX:
                if destroyed is not None:
                    return replace(total, keys=destroyed, waiting=waiting)
                destroyed = keeper.own.keys.destroy_ids(tenant, erasure.keys)
                waits = 0  # anew: what was committed just now is not seen yet
        if waiting:
            waits += 1
            await keeper.sequence(tenant)
        await asyncio.sleep(WAIT_S)
    raise AssertionError("count() does not end")


def _together(first: Sequence[Place], second: Sequence[Place]) -> list[Place]:
    """Return each place once, in the log's order."""
    return sorted({place.entry: place for place in (*first, *second)}.values(), key=lambda place: place.index)


async def _kept(tx: Transaction, keeper: Keeper, held: Sequence[Hold], erasure: Erasure) -> HoldError | None:
    """Return what forbids the rest: a hold placed since the erasure was asked for; those of before were asked then.

    A restore may have brought back one that was released long ago; it keeps nothing of this person.
    """
    since = [hold for hold in held if hold.placed_at >= erasure.at]
    try:
        await _permit(tx, keeper, since, erasure.name, spelled(erasure.keys))
    except HoldError as error:
        return error
    return None


def _stopped(kept: HoldError, erasure: Erasure, total: Erased) -> HoldError:
    return HoldError(
        f"{kept}. It was placed while the erasure {erasure.request} was under way, which had removed the words of"
        f" {total.openings} entries by then; the rest goes by itself within the hour after the hold is released"
    )


async def _name_dead(tx: Transaction, keeper: Keeper, removal: Removal, keys: Sequence[bytes]) -> tuple[int, int]:
    """Say of what opens no more that it does not, once, and remove nothing.

    Returns: how many openings have no place to be named by, and how many lie there in all.
    """
    there = await entries.places_of(tx, keys, _EVERY)
    named = Named(await entries.erasure_leaves(tx))
    fresh = [place.index for place in there if not named.shuts(place.index, "")]
    for part in entries.parts(fresh) if fresh else []:
        await entries.say(tx, replace(removal, what={"entries": part}), entropy=keeper.entropy)
    every = await entries.count_openings(tx, keys)
    return every - len(there), every


async def _batch(
    tx: Transaction,
    keeper: Keeper,
    erasure: Erasure,
    removal: Removal,
    places: Sequence[Place],
    emails: Sequence[EmailId],
    total: Erased,
) -> Erased:
    for part in entries.parts([place.index for place in places]):
        await entries.say(tx, replace(removal, what={"entries": part}), entropy=keeper.entropy)
    openings = await entries.erase(tx, [place.entry for place in places])
    gone = await mail.forget(tx, emails)
    queued = await queue.forget(tx, emails)
    await hold_end.forget(tx, emails, at=removal.at, entropy=keeper.entropy)
    await grants.forget(tx, emails)
    await turns.forget(tx, emails)
    await past.forget_person(tx, erasure.sender, emails)
    await outbound.forget_person(tx, erasure.correspondent, emails)
    return replace(
        total,
        openings=total.openings + openings,
        messages=total.messages + gone.messages,
        bodies=total.bodies + gone.bodies,
        indexed=total.indexed + gone.indexed,
        queued=total.queued + queued,
    )
