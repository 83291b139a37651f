"""What others saw of this house: a note of the outside prober, signed by a key that is not ours, stated in our log.

The leaf holds the note's SHA-256, the signer's key and the outcomes: whoever holds the note shows that it is the one,
and nobody can say later that it was not handed in. Its results stand beside ours, and change none of them.
"""

import hashlib
from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from gatepost.ids import EntryId
from gatepost.journey import House
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import Note, VerifierKey
from gatepost.record import trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import store
from gatepost.trust.paper import Outcome

STATED = "outside.stated"
SUBJECT = "@outside"
CHECKS_MAX = 16
OLDEST, AHEAD = timedelta(days=7), timedelta(minutes=5)


class GuestError(ValueError):
    """The note cannot be stated; the text says why."""


async def state(house: House, note: bytes, vkey: str, checks: Container[str]) -> EntryId:
    """State what a stranger's note says, under the key we were told; of ``checks``, which are ours.

    Raises:
        GuestError: it is no note of the prober, not signed by that key, or not of these days.
    """
    now = house.clock()
    detail = _read(note, vkey, now, checks)
    async with house.db.transaction(TRUST) as tx:
        (entry,) = await trust_log.state(
            tx, [Fact(action=STATED, at=now, object_ref="outside", detail=detail)], entropy=house.entropy
        )
        await store.add_fact(tx, entry, subject=SUBJECT, outcome="stated", at=now)
    return entry


def _read(note: bytes, vkey: str, now: datetime, checks: Container[str]) -> dict[str, Json]:
    try:
        key = VerifierKey.parse(vkey)
        opened = Note.parse(note)
        opened.verify([key])
        said = orjson.loads(opened.text)
        seen = datetime.fromisoformat(said["at"])
        outcomes: dict[str, Json] = {
            _place(row, checks): Outcome(row["outcome"]).value for row in said["checks"][:CHECKS_MAX]
        }
    except (LedgerError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise GuestError("this is no note of the prober under that key") from error
    if seen.tzinfo is None or not now - OLDEST < seen < now + AHEAD:
        raise GuestError("the note is not of the last seven days")
    return {
        "note_sha256": hashlib.sha256(note).hexdigest(),
        "key_id": key.key_id.hex(),
        "seen_at": said["at"][:40],
        "outcomes": outcomes,
    }


def _place(row: Mapping[str, Any], checks: Container[str]) -> str:
    """Return which check of which door, in words of ours: a stranger's do not go into the log."""
    check, door = row["check_id"], row["door"]
    if check not in checks or door not in {"smtp", "http"}:
        raise ValueError("no check of ours")
    return f"{check} {door}"
