"""The pack's truth is planted: these messages, of this tenant, and no other."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from doors.rest.conftest import clock, house, ours, theirs
from doors.rest.scene import POLICY, FakeClock, Tenancy, sequence, set_policy, write
from gatepost.deliver.paper import Kept
from gatepost.journey import House
from gatepost.ledger.proof import Proof
from gatepost.trust import clocks, incidents, status
from gatepost.trust.incidents import Impact, Incident, State
from gatepost.trust.pack import PackError, pack

__all__ = ["clock", "house", "ours", "theirs"]


async def breach(house: House) -> Incident:
    identifier = incidents.new_id(house.entropy)
    fact = incidents.opened(
        identifier,
        name="A leak",
        state=State.INVESTIGATING,
        impact=Impact.MAJOR,
        body="We look.",
        at=house.clock(),
        kind=clocks.Kind.BREACH,
    )
    await status.say(house.db, fact, entropy=house.entropy)
    found = await status.read_incident(house, identifier)
    assert found is not None
    await status.say(house.db, incidents.marked(found, clocks.AWARE, at=house.clock()), entropy=house.entropy)
    found = await status.read_incident(house, identifier)
    assert found is not None
    return found


async def plant(house: House, tenant: Tenancy, text: str) -> str:
    done = await write(house, tenant, text=text)
    assert isinstance(done.outcome, Kept)
    return done.outcome.email


async def test_it_holds_what_was_planted_with_proofs_and_nobody_elses(
    house: House, ours: Tenancy, theirs: Tenancy, clock: FakeClock
) -> None:
    for each in (ours, theirs):
        await set_policy(house, each, POLICY)
    await write(house, ours, subject="before", text="before")
    clock.now += timedelta(hours=1)
    since = clock()
    planted = {await plant(house, ours, f"in {number}") for number in range(2)}
    await write(house, theirs, text="not ours")
    clock.now += timedelta(hours=1)
    incident = await breach(house)
    with pytest.raises(PackError, match="wait for their place"):
        await pack(house, incident, ours.tenant, since, clock())
    await sequence(house, ours)
    packed = await pack(house, incident, ours.tenant, since, clock())
    assert packed.emails == planted
    with zipfile.ZipFile(io.BytesIO(packed.octets)) as archive:
        notice = json.loads(archive.read("notice.json"))
        lines = [json.loads(line) for line in archive.read("entries.ndjson").splitlines()]
        proofs = [name for name in archive.namelist() if name.endswith(".tlog-proof")]
        for name in proofs:
            assert Proof.parse(archive.read(name)).index == int(name.split("/")[1].split(".")[0])
    assert set(notice["messages"]) == planted
    assert {line["message_id"] for line in lines} == planted
    assert len(proofs) == notice["entries"] == len(lines)
    assert (len(notice["mailboxes"]), notice["people"]) == (1, 2)
    assert "sender's address" in notice["data_categories"]
    assert "gdpr.authority" in notice["deadlines"]


async def test_a_window_without_an_entry_is_no_pack(house: House, ours: Tenancy, clock: FakeClock) -> None:
    incident = await breach(house)
    later = clock() + timedelta(days=1)
    with pytest.raises(PackError, match="no entry"):
        await pack(house, incident, ours.tenant, later, later + timedelta(hours=1))
