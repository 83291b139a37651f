"""Guards of large messages: asked beside the loop, once, and of the policy in force."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from decide.scene import ACCOUNT, NOON, TENANT, content, document, evidence, inbound, outbound, policy, unproven
from gatepost import decide
from gatepost.db import Database
from gatepost.decide import ahead
from gatepost.decide.body import TEXT_MAX_OCTETS
from gatepost.decide.paper import NOT_ASKED, Disposition, Facts, Findings, Found, Ruling
from gatepost.decide.reasons import Reason
from gatepost.ids import KeyId
from gatepost.verify.paper import Attachment, Verified
from gatepost.verify.stages import INLINE_OCTETS

GUARD = {"reject": "wire the money", "reason": "fraud"}
GUARDING = {**document(), "contentGuards": [GUARD]}
ENDLESS = "x" * (TEXT_MAX_OCTETS + 1)
TOO_LONG = Found(is_too_long=True)


class Heard(str):
    """A text that notes which threads read it."""

    __slots__ = ("by",)
    by: list[int]

    @override
    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        self.by.append(threading.get_ident())
        return super().encode(encoding, errors)


def saying(text: str, **changes: Any) -> tuple[Verified, list[int]]:
    """Return a large message from the boss, and where it is noted who reads its words."""
    heard = Heard(text)
    heard.by = []
    said = evidence(content=content(heard), **changes)
    mail = inbound(said, raw=b"x" * (INLINE_OCTETS + 1))
    return mail, heard.by


async def put(db: Database, written: dict[str, Any]) -> None:
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, ACCOUNT, written, at=NOON, actor=KeyId("ky_1"))


async def judge(db: Database, mail: Verified, findings: Findings) -> decide.Decided:
    """Judge one message in one transaction, as the journey does."""
    async with db.transaction(TENANT) as tx:
        recalled = await decide.recall_all(tx, [mail], foreseen={mail.arrived.email: findings})
        (decided,) = decide.settle_all([mail], recalled)
        return decided


async def test_a_large_text_is_read_once_and_not_by_the_thread_that_decides(db: Database) -> None:
    await put(db, GUARDING)
    mail, readers = saying("please wire the money")
    found = await decide.foresee(db, mail)
    assert (await judge(db, mail, found)).decision.reason is Reason.CONTENT_GUARD
    assert len(readers) == 1
    assert threading.get_ident() not in readers


async def test_no_transaction_waits_until_the_guards_of_a_policy_that_came_meanwhile_have_read(db: Database) -> None:
    await put(db, document())
    mail, readers = saying("please wire the money")
    found = await decide.foresee(db, mail)
    await put(db, GUARDING)
    with pytest.raises(decide.UnforeseenError):
        await judge(db, mail, found)
    assert readers == []
    assert (await judge(db, mail, await decide.foresee(db, mail))).decision.reason is Reason.CONTENT_GUARD


async def test_what_is_ruled_on_is_foreseen_as_of_the_ruling(db: Database) -> None:
    rule = {**GUARDING["senders"][0], "expiresAt": (NOON + timedelta(hours=1)).isoformat()}
    await put(db, {**GUARDING, "senders": [rule]})
    mail, readers = saying("please wire the money")
    late = Ruling(is_approved=True, by="pe_officer", at=NOON + timedelta(hours=2))
    assert await decide.foresee(db, mail, ruling=late) == NOT_ASKED
    assert readers == []
    assert await decide.foresee(db, mail, ruling=replace(late, at=NOON)) != NOT_ASKED


async def test_guards_that_no_decision_would_ask_do_not_read_it(db: Database) -> None:
    await put(db, GUARDING)
    mail, readers = saying("please wire the money", **_forged())
    assert await decide.foresee(db, mail) == NOT_ASKED
    assert (await judge(db, mail, NOT_ASKED)).decision.reason is Reason.SENDER_UNPROVEN
    assert readers == []


def _forged() -> dict[str, Any]:
    found = unproven()
    return {name: getattr(found, name) for name in ("dkim", "dmarc", "is_aligned")}


async def test_who_needs_no_guards_asks_no_policy_beforehand(db: Database) -> None:
    await put(db, GUARDING)
    large = saying("please wire the money")[0].arrived.raw
    assert await decide.foresee(db, inbound()) is NOT_ASKED  # small
    for mail in (inbound(raw=large, is_postmaster=True), outbound()):
        assert await decide.foresee(db, mail) is NOT_ASKED


@pytest.mark.parametrize(("octets", "is_large"), [(INLINE_OCTETS, False), (INLINE_OCTETS + 1, True)])
def test_a_message_is_large_by_its_octets_or_by_the_text_of_its_files(octets: int, *, is_large: bool) -> None:
    assert ahead.is_large(inbound(raw=b"x" * octets)) is is_large
    said = content()
    files = tuple(Attachment(1, "a.pdf", "application/pdf", 1, "x" * each) for each in (octets - 10, 10))
    said = replace(said, reading=replace(said.reading, attachments=files))
    assert ahead.is_large(inbound(evidence(content=said))) is is_large


@pytest.mark.parametrize(
    ("text", "expected"), [("hello", Found()), ("wire the money", Found(0, Disposition.REJECT)), (ENDLESS, TOO_LONG)]
)
async def test_what_is_found_is_what_the_decision_would_find(text: str, expected: Found) -> None:
    guarding = policy(guards=[GUARD])
    mail, _ = saying(text)
    found = await ahead.find(mail, [guarding, None], Facts())
    assert found == {guarding.digest: expected}
    told, asked = (decide.settle(mail, guarding, Facts(), findings=each) for each in (found, NOT_ASKED))
    assert told.decision == asked.decision
