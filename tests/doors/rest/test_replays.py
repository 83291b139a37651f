"""A replay over REST: started, asked, paged, ended; read by whoever may read the audit log."""

from doors.rest.scene import POLICY, Tenancy, calls, set_policy, write
from gatepost import access
from gatepost.access import Role, Scope
from gatepost.doors import rest
from gatepost.ids import DraftReplayId
from gatepost.journey import House
from gatepost.keys import Kind
from gatepost.workbench.run import RUNNING_MAX, go_on

HELD = {**POLICY, "senders": [{"match": {"address": "boss@boss.test"}, "action": "hold"}]}
PATH = "/api/v1/policy/replays"


async def test_progress_and_then_each_changed_decision_page_by_page(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    for number in range(3):
        await write(house, ours, text=f"number {number}")
    await write(house, ours, author="x@unknown.test")
    async with calls(rest.build(house), ours.owner) as client:
        answer = await client.post(PATH, json=HELD, params={"mailbox": ours.account})
        assert answer.status_code == 202
        made = answer.json()
        assert (made["state"], made["done"], made["total"]) == ("running", 0, 4)
        assert answer.headers["location"] == f"{PATH}/{made['id']}"
        await go_on(house, ours.tenant, DraftReplayId(made["id"]))
        first = (await client.get(answer.headers["location"], params={"limit": 2})).json()
        assert (first["state"], first["done"]) == ("done", 4)
        assert first["counts"] == {
            "same": 1,
            "changed": 3,
            "changedSince": 0,
            "undecidableWithoutText": 0,
            "undecidable": 0,
        }
        more = (await client.get(answer.headers["location"], params={"limit": 2, "cursor": first["nextCursor"]})).json()
        assert [(each["was"], each["wouldBe"]) for each in (*first["changes"], *more["changes"])] == [
            ("deliver", "hold")
        ] * 3
        assert more["nextCursor"] is None
        assert [each["id"] for each in (await client.get(PATH)).json()["items"]] == [made["id"]]
        assert (await client.delete(answer.headers["location"])).status_code == 204
        assert (await client.get(answer.headers["location"])).status_code == 404


async def test_what_would_be_granted_otherwise_is_told_and_lies_sealed(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    await write(house, ours)
    more = {**POLICY, "senders": [{"match": {"address": "boss@boss.test"}, "capabilities": ["send_external"]}]}
    async with calls(rest.build(house), ours.owner) as client:
        made = (await client.post(PATH, json=more, params={"mailbox": ours.account})).json()
        await go_on(house, ours.tenant, DraftReplayId(made["id"]))
        (changed,) = (await client.get(f"{PATH}/{made['id']}")).json()["changes"]
    assert (changed["was"], changed["wouldBe"]) == ("deliver", "deliver")
    assert changed["wasTerms"].endswith("may calendar.propose, calendar.read")
    assert changed["wouldBeTerms"] == "may send_external"
    async with house.db.transaction(ours.tenant) as tx:
        row = await tx.one(
            "select row_to_json(one)::text as all_of_it from draft_replay_change as one where tenant = %(tenant)s"
        )
    assert "send_external" not in row.all_of_it


async def test_what_the_mail_was_is_told_to_whom_may_read_it_and_as_long_as_it_can_be_read(
    house: House, ours: Tenancy
) -> None:
    await set_policy(house, ours, POLICY)
    await write(house, ours, subject="Lunch")
    async with calls(rest.build(house), ours.owner) as client:
        made = (await client.post(PATH, json=HELD, params={"mailbox": ours.account})).json()["id"]
        await go_on(house, ours.tenant, DraftReplayId(made))
        (change,) = (await client.get(f"{PATH}/{made}")).json()["changes"]
        assert (change["author"], change["subject"]) == ("boss@boss.test", "Lunch")
        assert (change["wasRule"], change["wouldBeRule"]) == ("senders[0]", "senders[0]")
        assert change["receivedAt"] is not None
        async with calls(rest.build(house), ours.keys[Role.AUDITOR]) as auditor:
            (seen,) = (await auditor.get(f"{PATH}/{made}")).json()["changes"]
        assert seen == {**change, "subject": None}
        keys = house.db.keys
        keys.destroy(ours.tenant, Kind.SUBJECT, keys.subject_name(ours.tenant, "boss@boss.test"))
        (gone,) = (await client.get(f"{PATH}/{made}")).json()["changes"]
        assert gone == {**change, "author": None, "subject": None}


async def test_what_is_no_policy_is_refused_before_anything_starts(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        assert (await client.post(PATH, json={}, params={"mailbox": ours.account})).status_code == 422
        assert (await client.post(PATH, json=POLICY)).status_code == 422
        assert (await client.post(PATH, json=POLICY, params={"mailbox": ours.account + 1})).status_code == 404
        assert (await client.get(PATH)).json()["items"] == []


async def test_only_a_few_are_open_at_once(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        for _ in range(RUNNING_MAX):
            assert (await client.post(PATH, json=POLICY, params={"mailbox": 0})).status_code == 202
        answer = await client.post(PATH, json=POLICY, params={"mailbox": 0})
    assert (answer.status_code, answer.json()["type"]) == (429, "/api/problems/workbench.full")
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_key_that_may_not_read_the_audit_log_sees_no_replay(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        made = (await client.post(PATH, json=POLICY, params={"mailbox": 0})).json()["id"]
    async with house.db.transaction(ours.tenant) as tx:
        scopes = frozenset({Scope.POLICY_READ, Scope.POLICY_WRITE})
        _, narrow = await access.add_key(
            tx, Role.OWNER, label="n", at=house.clock(), entropy=house.entropy, scopes=scopes
        )
        _, bound = await access.add_key(
            tx, Role.OWNER, label="b", at=house.clock(), entropy=house.entropy, account=ours.account
        )
    async with calls(rest.build(house), narrow) as client:
        assert (await client.get(f"{PATH}/{made}")).status_code == 403
        assert (await client.post(PATH, json=POLICY, params={"mailbox": 0})).status_code == 403
    async with calls(rest.build(house), bound) as client:
        assert (await client.get(f"{PATH}/{made}")).status_code == 404
        assert (await client.delete(f"{PATH}/{made}")).status_code == 404
        assert (await client.get(PATH)).json()["items"] == []
    async with calls(rest.build(house), ours.keys[Role.AUDITOR]) as client:
        assert (await client.get(f"{PATH}/{made}")).status_code == 200
        assert (await client.delete(f"{PATH}/{made}")).status_code == 403
