"""Who and what was let in, as the log tells it, and the tables held to that.

A person, a key, a mailbox, a domain, a webhook or an export that no entry speaks of lets somebody in, or mail out, and
nobody did it; a plan that no entry names forgets sooner, or later, than was agreed.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record.entry import Leaf
from gatepost.record.trust_log import TRUST
from gatepost.upkeep import admitted_store
from gatepost.upkeep.admitted_store import Row

_KINDS = {"export": "destination"}
_SETTLED = {"mailbox.sandbox": {"is_sandboxed": True}, "mailbox.promote": {"is_sandboxed": False}}
_AT_FIRST = {"tenant": {"is_needed": False}, "mailbox": {"is_sandboxed": False}}
_TAKE_ALONG = frozenset({"mailbox.remove", "person.remove"})
"""With a mailbox, or a person, go the keys that are theirs; no entry says which."""
_Known = dict[tuple[str, str], dict[str, Any]]


async def misadmitted(db: Database, tenant: TenantId) -> list[str]:
    """Return a sentence for each that was let in, shut out or changed behind the house's back."""
    if tenant == TRUST:  # nobody's: it lets nobody in
        return []
    async with db.still(tenant) as tx:
        rows, said = await admitted_store.rows(tx), await admitted_store.said(tx)
    return [*differences(rows, said)]


def differences(rows: Iterable[Row], said: Iterable[Leaf]) -> Iterator[str]:
    """Yield a sentence for each row that is not as the entries, oldest first, say.

    One that is missing is passed over where an entry of ``log.recover`` came after it: a restore may have taken it.
    """
    inside, needed, out = _told(said)
    for row in rows:
        known = inside.pop((row.kind, row.id), None)
        if known is None:
            why = "an entry shut it out, and the table has it" if (row.kind, row.id) in out else "no entry let it in"
            yield f"{row.kind} {row.id}: {why}"
            continue
        for name, value in row.told.items():
            if name in known and known[name] != value:
                yield f"{row.kind} {row.id}: its {name} is not what was said"
    for kind, identifier in inside.keys() & needed:
        yield f"{kind} {identifier}: an entry let it in, none shut it out, and the table does not have it"


def _told(said: Iterable[Leaf]) -> tuple[_Known, set[tuple[str, str]], set[tuple[str, str]]]:
    """Return who is inside with what was said of them, which of these must be there, and who was shut out."""
    inside: _Known = {}
    needed, out = set[tuple[str, str]](), set[tuple[str, str]]()
    for leaf in said:
        action = leaf["action"]
        thing, _, act = action.partition(".")
        place = (_KINDS.get(thing, thing), leaf["object_ref"])
        if action in {"log.recover", "tenant.remove"}:
            needed.clear()
        elif act == "add":
            inside[place] = _AT_FIRST.get(thing, {}) | leaf["detail"]
            needed.add(place)
            out.discard(place)
        elif act == "remove":
            inside.pop(place, None)
            needed.discard(place)
            out.add(place)
        elif place in inside:
            inside[place] |= _SETTLED.get(action) or leaf["detail"]
        if action in _TAKE_ALONG:
            needed -= {each for each in needed if each[0] == "key"}
    return inside, needed, out
