"""Ways out are tried beside the register, and what was connected to is held against it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost import access
from gatepost.egress import Destination, Egress, Errand, Purpose, Register
from gatepost.record.connections import write_connections
from gatepost.record.trust_log import TRUST
from gatepost.trust import Endpoint, Outcome
from gatepost.trust.bench import LOOPBACK, Bench, nobody
from gatepost.trust.checks import outgoing
from gatepost.trust.controls import leaks, server
from gatepost.trust.paper import CannotVerifyError
from trust.scene import Scene

FAR = Destination(purpose=Purpose.RELAY, host="relay.test", port=25)


async def test_a_tight_way_out_refuses_all_that_is_not_listed_and_reaches_what_is(bench: Bench) -> None:
    target = leaks.outgoing(bench, Register([LOOPBACK]))
    found = await outgoing.shut(target)
    assert (found.outcome, found.reason) == (Outcome.COULD_NOT_VERIFY, "egress.listed_unreachable")
    async with server.listening(server.smtp(auth=False, context=None)) as port:
        found = await outgoing.shut(replace(target, listed=(server.HOST, port)))
    assert found.outcome is Outcome.PASS, found
    assert isinstance(found.value, dict)
    assert found.value["refused_beside_it"] == len(Purpose)


async def test_it_names_what_gets_through_and_what_was_reached(bench: Bench) -> None:
    async with leaks.sieve(bench) as target:
        found = await outgoing.shut(target)
    assert found.reason == "egress.leaks"
    assert isinstance(found.value, dict)
    assert found.value["purposes"] == [each.value for each in Purpose]
    assert found.value["heard"]
    async with leaks.strayed(bench) as target:
        found = await outgoing.shut(target)
    assert (found.reason, found.value) == ("egress.unlisted_flow", ["blobs bucket.control.invalid:443"])


async def test_the_houses_flows_count_from_when_its_process_began(scene: Scene) -> None:
    scene.endpoints = (Endpoint(door="smtp", host=server.HOST, port=1, tls="starttls"),)
    house = scene.house
    async with house.db.transaction(TRUST) as tx:
        customer = (await access.add_tenant(tx, name="Customer", plan="free", at=scene.clock())).id
    for ago in (timedelta(days=1), timedelta()):
        before = Egress(Register([FAR]), nobody, lambda ago=ago: house.clock() - ago)  # type: ignore[misc]
        before.admit(Errand(Purpose.RELAY), FAR.host, FAR.port, "9.9.9.9")
        await write_connections(house.db, before, operator=customer, entropy=house.entropy)
        target = await outgoing.house_outgoing(scene.world(scene.operator()), {})
        assert [each.destination for each in target.opened] == ([] if ago else ["relay.test:25"])


def test_a_process_is_as_old_as_the_kernel_says() -> None:
    assert timedelta() < outgoing.age(0) < outgoing.age(1)
    with pytest.raises(CannotVerifyError, match="gone"):
        outgoing.age(2**22 + 1)
