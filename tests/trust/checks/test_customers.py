"""What the checks of customers' texts say, on real PostgreSQL and a real log; and of records a hair is wrong with."""

from datetime import timedelta

import pytest

from gatepost.trust import Outcome, agreeing
from gatepost.trust.checks import customers
from gatepost.trust.checks.customers import Agreement, Leavings, Notices
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.terms import Change, Standing
from trust.posting import OWN, Posting
from trust.test_agreeing import change


async def say(post: Posting, put: Change, standing: Standing, sha256: str = "") -> None:
    await agreeing.say(post.house, OWN, put.document, standing, sha256=sha256 or put.sha256, actor="ky_owner")


async def target(post: Posting) -> Agreement:
    return await customers.agreement(post.world(post.operator()), {})


async def test_the_agreement_is_accepted_by_what_customers_said_in_their_own_record(post: Posting) -> None:
    text = change(post, "agreement")
    await agreeing.announce(post.house, text)
    assert (await customers.accepted(await target(post))).reason == "agreement.unaccepted"
    await say(post, text, Standing.ACCEPTED)
    found = await customers.accepted(await target(post))
    assert (found.outcome, found.value) == (Outcome.PASS, {"tenants": 1, "instructions": 4})
    path = post.folder / "agreement" / "agreement.md"
    path.write_text(path.read_text() + "\nOne more.\n")
    assert (await customers.accepted(await target(post))).reason == "agreement.unaccepted", "it accepted another text"


async def test_who_rejected_the_agreement_fails_it_until_they_are_gone(post: Posting) -> None:
    text = change(post, "agreement")
    await agreeing.announce(post.house, text)
    await say(post, text, Standing.REJECTED)
    assert (await customers.accepted(await target(post))).outcome is Outcome.FAIL
    await say(post, text, Standing.EXPORTED, "00" * 32)
    await say(post, text, Standing.CLOSED, "00" * 32)
    with pytest.raises(CannotVerifyError):
        await customers.accepted(await target(post))


async def test_each_customer_s_record_holds_the_notice_the_log_speaks_of(post: Posting) -> None:
    world = post.world(post.operator())
    with pytest.raises(CannotVerifyError, match="none_announced"):
        await customers.everybody_told(await customers.notices(world, {}))
    await agreeing.announce(post.house, change(post))
    await post.publish()
    found = await customers.everybody_told(await customers.notices(world, {}))
    assert (found.outcome, found.value) == (Outcome.PASS, {"terms": 1})
    assert (await customers.everybody_told(Notices({"terms": (0, 1)}))).reason == "terms.untold"


async def test_who_leaves_gets_an_export_first_and_need_not_wait(post: Posting) -> None:
    world = post.world(post.operator())
    with pytest.raises(CannotVerifyError, match=r"rejection\.none"):
        await customers.leave_with_export(await customers.leavings(world, {}))
    await agreeing.announce(post.house, change(post))
    await say(post, change(post), Standing.REJECTED)
    waits = await customers.leavings(world, {})
    assert (await customers.leave_with_export(waits)).value == {"rejected": 1}
    late = await customers.leave_with_export(Leavings(waits.steps, waits.now + timedelta(days=31)))
    assert late.reason == "leaving.waits"
    await say(post, change(post), Standing.EXPORTED, "00" * 32)
    await say(post, change(post), Standing.CLOSED, "00" * 32)
    closed = await customers.leavings(world, {})
    found = await customers.leave_with_export(Leavings(closed.steps, closed.now + timedelta(days=99)))
    assert (found.outcome, found.value) == (Outcome.PASS, {"closed": 1})
    (steps,) = closed.steps
    hurried = Leavings(((steps[0], steps[-1]),), closed.now)
    assert (await customers.leave_with_export(hurried)).reason == "leaving.unexported"
