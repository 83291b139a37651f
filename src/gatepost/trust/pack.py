"""What a processor gives a controller after a breach (GDPR article 33(2) and (3)): one archive for one tenant.

It holds what the record says of a window of time: mailboxes, messages, people by number, when, and the entries
themselves with their openings and proofs. ``tools/verify_log.py`` checks it without us. Whatever a person must add (the
likely consequences, the measures) is a blank in it, never an invention.
"""

import asyncio
import io
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from gatepost import access
from gatepost.db import Transaction
from gatepost.ids import AccountId, TenantId
from gatepost.journey import House
from gatepost.record import listing
from gatepost.record.folder import export_log
from gatepost.record.paper import Json
from gatepost.record.search import Sought
from gatepost.record.word_store import Row
from gatepost.trust.affected import ROWS_MAX, rows_of
from gatepost.trust.incidents import Incident
from gatepost.trust.leaf import instant

CATEGORIES = {
    "sender": "sender's address",
    "recipient": "recipient's address",
    "subject": "subject",
    "message_id": "message identifier",
    "body_hash": "digest of the text",
    "evidence": "results of sender verification",
}
"""What a field of an entry's opening is called in the notice; others keep their names."""

README = """\
What this archive holds, about incident {incident} and the time from {since} up to {until}:

notice.json    whom it concerns, what data, when, and which blanks are still to be filled
entries.ndjson the entries of the record, one a line, with what their commitments open to
log/, log.vkey the signed log, and under proofs/ each of these entries with its proof

Check it with the key you were given before (log.vkey here proves nothing by itself):

    python verify_log.py FOLDER --vkey YOUR_KEY
"""


class PackError(Exception):
    """It cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The archive, and what it is about: the ids of the emails."""

    octets: bytes
    emails: frozenset[str]


async def pack(
    house: House, incident: Incident, tenant: TenantId, since: datetime, until: datetime, *, reason: str | None = None
) -> Packed:
    """Return the archive for one tenant.

    Raises:
        PackError: the record has no such entry, more than can be packed, or is not whole yet.
        LedgerError: a tile of the log is missing or damaged.
    """
    rows, is_whole = await rows_of(house.db, tenant, Sought(since=since, until=until, facts={"reason": reason}))
    if not rows:
        raise PackError("the record has no entry of this tenant in that window")
    if len(rows) > ROWS_MAX:
        raise PackError(f"that window has more than {ROWS_MAX} entries: make a pack for each part of it")
    if not is_whole:
        raise PackError("entries wait to be indexed: ask again in a minute, or some would be missing")
    places = [row.leaf_index for row in rows]
    if any(place is None for place in places):
        raise PackError("entries wait for their place in the log: ask again in a few seconds")
    async with house.db.transaction(tenant) as tx:
        addresses = await _addresses(tx, {row.found.leaf["account"] for row in rows} - {None})
    notice = _notice(incident, tenant, (since, until), rows, addresses)
    with tempfile.TemporaryDirectory(prefix="gatepost-pack-") as folder:
        wanted = sorted(place for place in places if place is not None)
        await export_log(house.db, house.blobs, tenant, Path(folder), proofs=lambda _: wanted)
        octets = await asyncio.to_thread(_zipped, Path(folder), notice, rows)
    return Packed(octets, frozenset(notice["messages"]))


async def _addresses(tx: Transaction, accounts: Iterable[int]) -> dict[int, str]:
    found = {number: await access.account(tx, AccountId(number)) for number in sorted(accounts)}
    return {number: str(each.address) if each else "closed" for number, each in found.items()}


def _notice(
    incident: Incident,
    tenant: TenantId,
    window: tuple[datetime, datetime],
    rows: Sequence[Row],
    addresses: dict[int, str],
) -> dict[str, Any]:
    """Return the notice: facts of the record, and blanks."""
    leaves = [row.found.leaf for row in rows]
    times = sorted(str(leaf["ts"]) for leaf in leaves)
    people = {
        str(row.found.opened[name]).lower()
        for row in rows
        for name in ("sender", "recipient")
        if row.found.opened.get(name)
    }
    fields = sorted({name for row in rows for name in row.found.opened})
    return {
        "incident": {
            "id": incident.id,
            "name": incident.name,
            "kind": incident.kind.value,
            "exercise": incident.is_exercise,
        },
        "awareness_and_steps": {name: instant(at) for name, at in sorted(incident.events.items())},
        "deadlines": {each.rule.id: instant(each.due_at) for each in incident.deadlines() if each.due_at},
        "tenant": tenant,
        "window": {"since": instant(window[0]), "until": instant(window[1]), "first": times[0], "last": times[-1]},
        "mailboxes": [{"id": number, "address": address} for number, address in sorted(addresses.items())],
        "messages": sorted({str(leaf["email"]) for leaf in leaves if leaf["email"]}),
        "people": len(people),
        "unreadable_entries": sum(row.opening is None for row in rows),
        "data_categories": [CATEGORIES.get(name, name) for name in fields],
        "entries": len(rows),
        "to_be_written_by_a_person": ["nature of the breach", "likely consequences", "measures taken and proposed"],
    }


def _zipped(folder: Path, notice: dict[str, Any], rows: Sequence[Row]) -> bytes:
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as archive:
        window = notice["window"]
        readme = README.format(incident=notice["incident"]["id"], since=window["since"], until=window["until"])
        archive.writestr("README.txt", readme)
        archive.writestr("notice.json", orjson.dumps(notice, option=orjson.OPT_INDENT_2))
        lines: list[Json] = [listing.shown(row) for row in rows]
        archive.writestr("entries.ndjson", b"".join(orjson.dumps(line) + b"\n" for line in lines))
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and name.parts[0] != "entries":  # the bundles have them too
                archive.write(path, str(name))
    return told.getvalue()
