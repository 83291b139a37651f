"""Legal holds as the log tells them, and the table of holds held to that: pure, and whoever asks for it.

A row can be deleted or ended behind the house's back; the entries that placed it and never released it stay.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.mail.address import Address
from gatepost.record.entry import Leaf
from gatepost.upkeep.retention import store
from gatepost.upkeep.retention.paper import Hold

PLACE, RELEASE = "hold.place", "hold.release"


class Told(NamedTuple):
    """The leaves about one hold; None where there is none."""

    placed: Leaf | None = None
    released: Leaf | None = None


def told(leaves: Iterable[Leaf]) -> dict[str, Told]:
    """Return what the log says of each hold, by its id."""
    found: dict[str, Told] = {}
    for leaf in leaves:
        before = found.get(leaf["object_ref"], Told())
        part = "placed" if leaf["action"] == PLACE else "released"
        found[leaf["object_ref"]] = before._replace(**{part: leaf})
    return found


def lost(said: Mapping[str, Told], in_force: Iterable[Hold]) -> list[str]:
    """Return the ids of holds that were placed and never released, and are not in force in the table."""
    there = {hold.id for hold in in_force}
    return [each for each, leaves in said.items() if leaves.placed and not leaves.released and each not in there]


def differences(said: Mapping[str, Told], rows: Sequence[Hold], name_of: Callable[[Address], str]) -> Iterator[str]:
    """Yield a sentence for each hold of which table and log do not say the same.

    Args:
        said: what the log says.
        rows: all the holds the table ever had.
        name_of: the name of a person's keys.
    """
    by_id = {row.id: row for row in rows}
    for identifier, leaves in said.items():
        row = by_id.pop(identifier, None)
        for problem in _problems(leaves, row, name_of):
            yield f"legal hold {identifier}: {problem}"
    for identifier in by_id:
        yield f"legal hold {identifier}: no entry placed it"


def _problems(leaves: Told, row: Hold | None, name_of: Callable[[Address], str]) -> Iterator[str]:
    placed = leaves.placed
    if placed is None:
        yield "no entry placed it"
        return
    if row is None:
        if leaves.released is None:
            yield "it was placed and not released, and the table does not have it"
        else:
            yield "the table does not have it"
        return
    if (row.released_at is None) != (leaves.released is None):
        yield (
            "the table says it is in force, and it was released"
            if leaves.released
            else ("the table says it was released, and no entry does")
        )
    person = None if row.scope.person is None else name_of(row.scope.person)
    scope = "person" if row.subject else "mailbox" if row.scope.account is not None else "tenant"
    if row.scope.account != placed["account"] or scope != placed["detail"].get("scope") or row.subject != person:
        yield "it covers another thing than was said"
    if row.placed_by != placed["actor_ref"]:
        yield "somebody else placed it than was said"
    for at, leaf in ((row.placed_at, placed), (row.released_at, leaves.released)):
        if at is not None and leaf is not None and abs((datetime.fromisoformat(leaf["ts"]) - at).total_seconds()) > 1:
            yield "the table tells another time than was said"


async def misheld(db: Database, tenant: TenantId) -> list[str]:
    """Return a sentence for each legal hold that was changed, ended or taken away behind the house's back."""
    async with db.transaction(tenant) as tx:
        seen = await store.ledger(tx)
    found = [f"entry {each}: it is about a legal hold, and cannot be read" for each in seen.illegible]
    found += [f"legal hold {each}: its reason and whom it covers cannot be read" for each in seen.broken]
    readable = {each: leaves for each, leaves in told(seen.leaves).items() if each not in seen.broken}
    return [*found, *differences(readable, seen.rows, lambda person: db.keys.subject_name(tenant, person.key))]
