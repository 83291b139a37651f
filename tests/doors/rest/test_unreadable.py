"""A damaged row ends no list: the rest is given, and it is marked."""

from typing import LiteralString

import httpx2
import psycopg
import pytest

from doors.rest.scene import POLICY, Tenancy, calls, held, held_call, petitioned, set_policy, write
from gatepost.access.paper import Role
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.journey import House

DAMAGE: LiteralString = " set sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40)) where tenant = %s"
UNREADABLE = (500, "/api/problems/resource.unreadable")


def damage(owner_dsn: str, of: Tenancy, table: LiteralString, where: LiteralString = "") -> int:
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("set session_replication_role = replica")  # a disk asks no trigger
        owner.execute(f"alter table {table} no force row level security")
        count = owner.execute(f"update {table}{DAMAGE} {where}", [of.tenant]).rowcount
        owner.execute(f"alter table {table} force row level security")
    return count


async def items(client: httpx2.AsyncClient, path: str, name: str = "items") -> list[dict[str, object]]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()[name]
    return found


@pytest.fixture
async def kept(house: House, ours: Tenancy) -> list[Kept]:
    """Three messages of one conversation."""
    await set_policy(house, ours, POLICY)
    found: list[Kept] = []
    for subject in ("one", "two", "three"):
        head = f"In-Reply-To: <{found[0].email}@boss.test>\r\n" if found else ""
        done = await write(house, ours, subject=subject, head=head)
        assert isinstance(done.outcome, Kept)
        found.append(done.outcome)
    return found


async def test_mail_and_conversations(house: House, ours: Tenancy, kept: list[Kept], owner_dsn: str) -> None:
    second = "and id = (select id from email as m where m.tenant = email.tenant order by seq offset 1 limit 1)"
    assert damage(owner_dsn, ours, "email", second) == 1
    box = f"/api/v1/mailboxes/{ours.account}"
    async with calls(rest.build(house), ours.owner) as client:
        listed = await items(client, f"{box}/messages")
        assert [(one["subject"], one["is_unreadable"]) for one in listed] == [
            ("three", False),
            ("", True),
            ("one", False),
        ]
        assert (listed[1]["message_id"], listed[1]["from"]) == (kept[1].email, "unreadable@unreadable.invalid")
        thread = await items(client, f"{box}/threads/{kept[0].thread}", "messages")
        assert [one["is_unreadable"] for one in thread] == [False, True, False]
        assert len(await items(client, f"{box}/search?q=meet")) == 2
        for path in ("", "/raw", "/grant", "/attachments/1"):
            answer = await client.get(f"{box}/messages/{kept[1].email}{path}")
            assert (answer.status_code, answer.json()["type"]) == UNREADABLE
        assert (await client.get(f"{box}/messages/{kept[0].email}")).status_code == 200


@pytest.mark.parametrize(("table", "path"), [("hold", "holds"), ("petition", "petitions"), ("turn_step", "turns/held")])
async def test_what_waits(
    house: House, ours: Tenancy, kept: list[Kept], owner_dsn: str, table: LiteralString, path: str
) -> None:
    await held(house, ours, kept[0].email)
    await held_call(house, ours, kept[0].email, kept[0].thread)
    await petitioned(house, ours)
    box = f"/api/v1/mailboxes/{ours.account}"
    async with calls(rest.build(house), ours.owner) as client:
        before = await items(client, f"{box}/waiting")
        assert damage(owner_dsn, ours, table) == 1
        (listed,) = await items(client, f"{box}/{path}")
        assert listed["is_unreadable"] is True
        after = await items(client, f"{box}/waiting")
        for was, is_now in zip(before, after, strict=True):
            changes = {"digest": None, "is_unreadable": True} if is_now["is_unreadable"] else {}
            assert is_now == {**was, **changes}
        (broken,) = [one for one in after if one["is_unreadable"]]
        yes = {"decision": "approve", "digest": "0" * 64}
        async with calls(rest.build(house), ours.keys[Role.APPROVER]) as approver:
            answer = await approver.post(f"{box}/waiting/{broken['id']}/decision", json=yes)
        assert (answer.status_code, answer.json()["type"]) == UNREADABLE
        if table == "turn_step":
            (call,) = await items(client, f"{box}/turns/{broken['id']}", "calls")
            assert (call["is_unreadable"], call["arguments"], call["digest"]) == (True, None, "")


async def test_the_record(house: House, ours: Tenancy, kept: list[Kept], owner_dsn: str) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        before = await items(client, "/api/v1/log/search")
        entry = next(one["entry"] for one in before if one["message_id"] == kept[1].email)
        assert isinstance(entry, int)
        assert damage(owner_dsn, ours, "opening", "and entry = (select entry from decision_row as d"
            " where d.tenant = opening.tenant order by entry offset 1 limit 1)") == 1  # fmt: skip
        after = await items(client, "/api/v1/log/search")
        assert [one["entry"] for one in after if one["is_unreadable"]] == [entry]
        assert [one for one in after if one["entry"] != entry] == [one for one in before if one["entry"] != entry]
        one = (await client.get(f"/api/v1/log/search/{entry}")).json()
        assert (one["is_unreadable"], one["opened"], one["message_id"]) == (True, None, kept[1].email)
        logged = await items(client, f"/api/v1/mailboxes/{ours.account}/audit-logs")
        assert [(each["id"], each["sender_address"]) for each in logged if each["is_unreadable"]] == [(entry, None)]
        assert len(logged) == 3
        answer = await client.get("/api/v1/log/export")
        assert answer.status_code == 200
        assert len(answer.text.splitlines()) == len(after)
