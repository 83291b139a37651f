"""A visitor's nonce: proof that a run is fresh, for nobody could have known it before.

The leaf holds the SHA-256 of the nonce and no word of the visitor's; who sent it finds it by hashing. Challenges that
wait are answered by one run together, and only so many are taken in an hour.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.db import Database
from gatepost.ids import EntryId
from gatepost.journey import House
from gatepost.record import trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact, Stated
from gatepost.trust import store
from gatepost.trust.paper import Result

ANSWERED = "challenge.answered"
PER_MINUTE, PER_HOUR = 12, 240
"""From all visitors together; the door counts each of them besides."""
NONCES_PER_RUN = 16
KEPT = timedelta(days=30)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)


class NonceError(ValueError):
    """It is no nonce: 16 to 128 letters, digits, hyphens and underscores."""


class TooManyError(Exception):
    """Too many challenges; come back after ``retry_after_s``."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many challenges")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge, and its answer once there is one."""

    nonce_sha256: str
    asked_at: datetime
    answer: Stated | None


def digest(nonce: str) -> str:
    """Return what the leaf will hold.

    Raises:
        NonceError: it is no nonce.
    """
    if not _NONCE.fullmatch(nonce):
        raise NonceError("a nonce has 16 to 128 letters, digits, hyphens and underscores")
    return hashlib.sha256(nonce.encode()).hexdigest()


async def ask(db: Database, nonce: str, at: datetime) -> Challenge:
    """Have the claims that can be probed looked at anew, with this nonce beside what was seen.

    Raises:
        NonceError: it is no nonce.
        TooManyError: others were before.
    """
    wanted = digest(nonce)
    async with db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        found = await store.challenge(tx, wanted)
        if found is None:
            if await store.asked_since(tx, at - timedelta(minutes=1)) >= PER_MINUTE:
                raise TooManyError(60)
            if await store.asked_since(tx, at - timedelta(hours=1)) >= PER_HOUR:
                raise TooManyError(3600)
            await store.add_challenge(tx, wanted, at)
            return Challenge(wanted, at, None)
    return await read(db, nonce) or Challenge(wanted, at, None)


async def read(db: Database, nonce: str) -> Challenge | None:
    """Return a challenge and its answer; None where nobody asked it, or so long ago that only the log remembers.

    Raises:
        NonceError: it is no nonce.
    """
    wanted = digest(nonce)
    async with db.transaction(TRUST) as tx:
        found = await store.challenge(tx, wanted)
        if found is None:
            return None
        asked_at, entry = found
        answers = await trust_log.stated(tx, [entry]) if entry is not None else []
    return Challenge(wanted, asked_at, answers[0] if answers else None)


async def waiting(db: Database) -> list[str]:
    """Return the digests of nonces that wait for a run."""
    async with db.transaction(TRUST) as tx:
        return await store.open_challenges(tx, NONCES_PER_RUN)


async def answer(house: House, nonces: Sequence[str], results: Sequence[Result]) -> EntryId:
    """State what the run that began after these nonces were known has seen."""
    now = house.clock()
    counts = Counter(result.finding.outcome.value for result in results)
    told = "".join(f"{result.claim} {result.finding.outcome.value}\n" for result in results)
    detail: dict[str, Json] = {
        "nonces_sha256": list(nonces),
        "claims": len(results),
        "outcomes": {name: counts[name] for name in sorted(counts)},
        "results_sha256": hashlib.sha256(told.encode()).hexdigest(),
    }
    async with house.db.transaction(TRUST) as tx:
        (entry,) = await trust_log.state(
            tx, [Fact(action=ANSWERED, at=now, object_ref="challenge", detail=detail)], entropy=house.entropy
        )
        await store.add_fact(tx, entry, subject="@challenge", outcome="answered", at=now)
        await store.answer_challenges(tx, nonces, entry)
        await store.forget_challenges(tx, house.past() - KEPT)
    return entry
