from dataclasses import replace
from email import message_from_bytes, policy

import psycopg
import pytest

from gatepost.mail.address import Address
from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.check import Control
from gatepost.trust.checks import drills
from gatepost.trust.controls import duty
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.postbox import Words
from trust.posting import DOMAIN, Posting
from trust.scene import Scene


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (duty.overlooked_letter, "affected.differs"),
        (duty.late_notice, "notice.late"),
        (duty.lost_notice, "notice.undelivered"),
        (duty.unsigned_notice, "notice.unsigned"),
    ],
)
async def test_each_control_fails_for_the_fault_it_has(
    bench: Bench, control: Control[drills.Exercise], reason: str
) -> None:
    async with control(bench) as target:
        found = await drills.exercised(target)
    assert (found.outcome, found.reason) == (Outcome.FAIL, reason)


async def test_a_letter_too_many_is_no_exact_extent(bench: Bench) -> None:
    async with duty.lost_notice(bench) as target:
        found = await drills.exercised(replace(target, affected=target.affected | {"strange"}))
    assert (found.reason, found.value) == ("affected.differs", {"missing": 0, "strange": 1, "planted": 1})


async def test_a_house_without_canaries_cannot_be_drilled(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError):
        await drills.exercise(scene.world(scene.operator()), {})


WORDS = Words(name="exercise-in_x", subject="Exercise: a notice", text="in_x: two messages of one author.\n")
TO = Address.parse("canary@canary.house.example")


async def test_a_notice_leaves_signed_by_the_road_out_and_for_this_once_to_a_server_of_the_exercise(
    post: Posting,
) -> None:
    author = Address.parse(f"notices@{DOMAIN}")
    (came,) = await drills.mailed(post.house, author, TO, WORDS)
    assert came.rcpt_to == str(TO)
    assert came.octets.startswith(b"DKIM-Signature:")
    told = message_from_bytes(came.octets, policy=policy.default)
    assert (told["From"], told["To"], told["Auto-Submitted"]) == (str(author), str(TO), "auto-generated")
    assert f"d={DOMAIN}" in told["DKIM-Signature"]
    assert "in_x" in told.get_content()
    assert post.mails() == []  # nobody outside is bothered


async def test_a_house_that_cannot_sign_its_notices_gives_none(post: Posting, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("delete from dkim_key")
    assert await drills.mailed(post.house, Address.parse(f"notices@{DOMAIN}"), TO, WORDS) == ()


async def test_who_writes_from_another_houses_domain_cannot_be_drilled_here(post: Posting) -> None:
    with pytest.raises(CannotVerifyError, match="elsewhere"):
        await drills.mailed(post.house, Address.parse("notices@elsewhere.example"), TO, WORDS)
