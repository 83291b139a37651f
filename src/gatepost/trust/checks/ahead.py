"""The dates of a public trust log, held to the clock of whoever asks.

A notice runs for 720 hours that have a leaf (``log_time``). Who owns the machine can make such leaves faster than hours
pass, and has then to date some of them ahead of the hour: until that hour has come, whoever asks sees it.
"""

from datetime import datetime, timedelta

import orjson

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import VerifierKey
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import ENTRIES, WIDTH, tile_at, unpack
from gatepost.trust.checks.page import Served, fetch
from gatepost.trust.leaf import instant
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed

AHEAD_MAX = timedelta(minutes=5)
"""Clocks of two machines need not agree to the minute."""
BUNDLES_MAX = 16
"""How many of the newest bundles of 256 entries are read: some hours' worth."""
_BASE = "/trust/log"


async def dated(target: Served) -> Finding:
    """See that no entry among the newest is dated ahead of the asker's clock; name the one that is furthest.

    That one stands under a signed head by its ``.tlog-proof``: whoever keeps it can show it when its hour has come.
    """
    try:
        key = VerifierKey.parse((await _text(target, "vkey")).strip())
        checkpoint = Checkpoint.open((await _octets(target, "checkpoint")), key)
        times = await _times(target, checkpoint.size)
        if not times:
            raise CannotVerifyError("log.empty")
        at, index = max(times)
        if at - target.now > AHEAD_MAX:
            proof = Proof.parse(await _octets(target, f"proofs/{index}.tlog-proof"))
            proof.verify(await _octets(target, f"entries/{index}"), key)
            return failed("leaf.ahead", {"leaf": index, "dated": instant(at)})
    except (LedgerError, ValueError, KeyError, TypeError) as error:
        raise CannotVerifyError("log.unreadable") from error
    return passed({"entries": len(times), "newest": instant(at)})


async def _times(target: Served, size: int) -> list[tuple[datetime, int]]:
    """Return when the newest entries are dated, each with its place."""
    found: list[tuple[datetime, int]] = []
    last = -(-size // WIDTH)
    for index in range(max(0, last - BUNDLES_MAX), last):
        bundle = tile_at(ENTRIES, index, size)
        entries = unpack(bundle, await _octets(target, bundle.path))
        found += [
            (datetime.fromisoformat(orjson.loads(entry)["ts"]), index * WIDTH + place)
            for place, entry in enumerate(entries)
        ]
    return found


async def _octets(target: Served, path: str) -> bytes:
    _, body = await fetch(target, f"{_BASE}/{path}")
    return body


async def _text(target: Served, path: str) -> str:
    return (await _octets(target, path)).decode("ascii")
