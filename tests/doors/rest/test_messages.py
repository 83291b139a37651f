from collections.abc import Sequence

import dkim
import mailbuttons
import pytest

from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, held, sequence, set_policy, write
from gatepost import domains, mailbox
from gatepost.deliver.paper import Kept
from gatepost.domains.paper import DnsRecord
from gatepost.doors import rest
from gatepost.journey import House
from gatepost.keys import Kind
from gatepost.mail import fields
from gatepost.upkeep.retention import Keeper

EVERYBODY: dict[str, object] = {**POLICY, "senders": [{"match": {"domain": "boss.test"}, "capabilities": []}]}


async def kept(house: House, ours: Tenancy, subject: str = "Tuesday", text: str = "At ten?") -> Kept:
    done = await write(house, ours, subject=subject, text=text)
    assert isinstance(done.outcome, Kept)
    return done.outcome


async def test_messages_are_listed_newest_first_without_their_text(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    subjects = ["one", "two", "three"]
    for subject in subjects:
        await kept(house, ours, subject)
    path, seen, query = f"/api/v1/mailboxes/{ours.account}/messages", [], {"limit": "2"}
    async with calls(rest.build(house), ours.agent) as client:
        while True:
            page = (await client.get(path, params=query)).json()
            assert all("body_text" not in item for item in page["items"])
            seen += [item["subject"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
    assert seen == subjects[::-1]


async def test_a_message_is_read_whole_and_fits_the_peers_type(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    email = (await kept(house, ours)).email
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.get(f"/api/v1/mailboxes/{ours.account}/messages/{email}")
    assert answer.headers["cache-control"] == "no-store"
    message = mailbuttons.Message.model_validate(answer.json())
    assert (message.from_, message.to, message.subject) == ("boss@boss.test", "agent@ours.test", "Tuesday")
    assert (message.body_text or "").strip() == "At ten?"
    assert message.verification.spf == "pass"
    assert answer.json()["is_proven"] is True


async def test_what_was_refused_is_not_there_to_be_read(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours, "stranger@unknown.test")
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    async with calls(rest.build(house), ours.owner) as client:
        assert (await client.get(path)).json()["items"] == []
        for leaf in ("", "/raw", "/attachments/0"):
            assert (await client.get(f"{path}/{done.recorded.arrived.email}{leaf}")).status_code == 404


async def test_octets_that_are_not_found_may_be_there_later(
    house: House, ours: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The house said that it had made a mistake."""
    await set_policy(house, ours, POLICY)
    email = (await kept(house, ours, text="At ten? " * 10_000)).email
    path = f"/api/v1/mailboxes/{ours.account}/messages/{email}"

    async def nothing(_path: str) -> None:
        return None

    async with calls(rest.build(house), ours.agent) as client:
        assert (await client.get(f"{path}/raw")).status_code == 200
        monkeypatch.setattr(house.blobs, "read", nothing)
        answer = await client.get(f"{path}/raw")
    assert (answer.status_code, answer.json()["type"]) == (503, "/api/problems/house.unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_raw_is_the_delivered_copy_or_the_octets_as_they_came_and_no_page(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours, text="<script>alert(1)</script>")
    email = done.recorded.arrived
    async with calls(rest.build(house), ours.agent) as client:
        path = f"/api/v1/mailboxes/{ours.account}/messages/{email.email}/raw"
        delivered = (await client.get(path)).content
        answer = await client.get(path, params={"form": "received"})
        assert (await client.get(path, params={"form": "other"})).status_code == 422
    assert answer.content == email.raw
    stamp = delivered.removesuffix(answer.content).decode()
    assert stamp.startswith(f"Authentication-Results: {house.hostname};\r\n\tspf=pass smtp.mailfrom=boss.test;\r\n")
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"] == f'attachment; filename="{email.email}.eml"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def _verified(raw: bytes, dns: Sequence[DnsRecord]) -> tuple[bytes, str]:
    """Return what dkimpy says of the chain, and why."""
    zone = {f"{one.name.rstrip('.')}.".encode(): one.text.replace('"', "").encode() for one in dns}
    end, _, why = dkim.arc_verify(raw, dnsfunc=lambda name, **_: zone.get(name))
    return bytes(end), str(why)


async def _answer_for_its_domain(house: House, ours: Tenancy) -> tuple[DnsRecord, ...]:
    name = ours.address.domain
    async with house.db.transaction(ours.tenant) as tx:
        await domains.add_domain(
            tx, name, postmaster=ours.account, keyring=house.keyring, at=house.clock(), entropy=house.entropy
        )
        return await domains.dns_records(tx, name, hostname=house.hostname)


async def test_what_is_fetched_to_be_passed_on_bears_a_seal_or_is_refused(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    came = (await write(house, ours)).recorded.arrived
    ended = "ARC-Seal: i=1; a=rsa-sha256; cv=fail; d=hop.test; s=x; b=AA==\r\n"
    failed = (await write(house, ours, head=ended)).recorded.arrived
    path, sealed = f"/api/v1/mailboxes/{ours.account}/messages", {"form": "sealed"}
    async with calls(rest.build(house), ours.agent) as client:
        keyless = await client.get(f"{path}/{came.email}/raw", params=sealed)
        dns = await _answer_for_its_domain(house, ours)
        delivered = (await client.get(f"{path}/{came.email}/raw")).content
        passed_on = (await client.get(f"{path}/{came.email}/raw", params=sealed)).content
        chainless = await client.get(f"{path}/{failed.email}/raw", params=sealed)
    assert passed_on.endswith(delivered)
    assert passed_on.startswith(b"ARC-Seal:")
    said = fields.split(passed_on).all(b"arc-authentication-results")[0].text
    assert f"i=1; {house.hostname}; spf=pass smtp.mailfrom=boss.test" in " ".join(said.split())
    assert _verified(passed_on, dns)[0] == b"pass", _verified(passed_on, dns)
    assert _verified(passed_on.replace(b"Tuesday", b"Wednesday"), dns)[0] == b"fail"
    for refused, why in ((keyless, "has no signing key here"), (chainless, "its chain has ended")):
        assert (refused.status_code, refused.json()["type"]) == (409, "/api/problems/message.unsealed")
        assert why in refused.json()["detail"]


async def test_a_thread_is_read_oldest_first(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    thread = (await kept(house, ours)).thread
    path = f"/api/v1/mailboxes/{ours.account}/threads"
    async with calls(rest.build(house), ours.agent) as client:
        told = (await client.get(f"{path}/{thread}")).json()
        assert (told["thread_id"], [item["subject"] for item in told["messages"]]) == (thread, ["Tuesday"])
        assert (await client.get(f"{path}/th_none")).status_code == 404


@pytest.mark.parametrize("place", ["messages?", "messages?proven=true&", "search?q=lunch&", "holds?"])
async def test_a_list_goes_on_after_what_was_erased_meanwhile(
    house: House, keeper: Keeper, ours: Tenancy, clock: FakeClock, place: str
) -> None:
    """The messages of the first page, which its cursor was made of, go: those after them come all the same."""
    await set_policy(house, ours, {**EVERYBODY, "onItsOwn": ["search_mail"]})
    for author in ("ann@boss.test", "bob@boss.test", "eve@boss.test", "eve@boss.test"):
        done = await write(house, ours, author, subject="Lunch")
        assert isinstance(done.outcome, Kept)
        if place == "holds?":
            await held(house, ours, done.outcome.email)
        clock.pass_by(1)
    await sequence(house, ours)
    path = f"/api/v1/mailboxes/{ours.account}/{place}limit=1"
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        every = [item.get("message_id") or item["hold_id"] for item in (await client.get(f"{path}99")).json()["items"]]
        assert len(every) == 4
        first = (await client.get(path)).json()
        second = (await client.get(f"{path}&cursor={first['next_cursor']}")).json()
        assert (await client.post("/api/v1/erasures", json={"address": "eve@boss.test"})).status_code == 200
        third = (await client.get(f"{path}&cursor={second['next_cursor']}")).json()
        last = (await client.get(f"{path}&cursor={third['next_cursor']}")).json()
        again = (await client.get(f"{path}9&cursor={first['next_cursor']}")).json()
    seen = [
        item.get("message_id") or item["hold_id"] for page in (first, second, third, last) for item in page["items"]
    ]
    assert seen == every
    assert last["next_cursor"] is None
    assert [item.get("message_id") or item["hold_id"] for item in again["items"]] == every[2:]


async def test_a_long_thread_is_read_page_by_page_also_while_some_of_it_is_erased(
    house: House, keeper: Keeper, ours: Tenancy
) -> None:
    await set_policy(house, ours, EVERYBODY)
    first = await kept(house, ours)
    ids = [first.email]
    for author in ("ann@boss.test", "eve@boss.test", "eve@boss.test", "bob@boss.test"):
        done = await write(house, ours, author, head=f"References: <{first.email}@boss.test>\r\n")
        assert isinstance(done.outcome, Kept)
        ids.append(done.outcome.email)
    await sequence(house, ours)
    path = f"/api/v1/mailboxes/{ours.account}/threads/{first.thread}"
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        one = (await client.get(path, params={"limit": 3})).json()
        assert (await client.post("/api/v1/erasures", json={"address": "eve@boss.test"})).status_code == 200
        two = (await client.get(path, params={"limit": 3, "cursor": one["next_cursor"]})).json()
        wrong = await client.get(path.replace(first.thread, "th_other"), params={"cursor": one["next_cursor"]})
    assert [each["message_id"] for each in one["messages"]] == ids[:3]
    assert ([each["message_id"] for each in two["messages"]], two["next_cursor"]) == (ids[4:], None)
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/api/problems/cursor.invalid")


@pytest.mark.parametrize("cursor", ["em_none", "0", "A" * 32, "A" * 43, "-_-_"])
@pytest.mark.parametrize("place", ["messages?", "search?q=lunch&", "holds?", "petitions?"])
async def test_a_cursor_of_another_list_is_told_and_is_no_end(
    house: House, ours: Tenancy, place: str, cursor: str
) -> None:
    await set_policy(house, ours, {**POLICY, "onItsOwn": ["search_mail"]})
    await kept(house, ours, "Lunch")
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.get(f"/api/v1/mailboxes/{ours.account}/{place}cursor={cursor}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/cursor.invalid")


async def test_a_cursor_fits_no_other_question_mailbox_or_tenant(
    house: House, ours: Tenancy, theirs: Tenancy, neighbour: Tenancy
) -> None:
    for each in (ours, theirs, neighbour):
        await set_policy(house, each, POLICY)
        for _ in range(3):
            await kept(house, each, "Lunch")
    app = rest.build(house)
    async with calls(app, theirs.owner) as client, calls(app, ours.owner) as stranger:
        box = f"/api/v1/mailboxes/{theirs.account}"
        listed = (await client.get(f"{box}/messages?limit=1")).json()["next_cursor"]
        found = (await client.get(f"{box}/search?q=lunch&limit=1")).json()["next_cursor"]
        for reader, path in (
            (client, f"{box}/messages?proven=true&cursor={listed}"),
            (client, f"{box}/messages?cursor={found}"),
            (client, f"{box}/search?q=lunch&cursor={listed}"),
            (client, f"{box}/search?q=-dinner+lunch&cursor={found}"),
            (client, f"/api/v1/mailboxes/{neighbour.account}/messages?cursor={listed}"),
            (client, f"/api/v1/mailboxes/{neighbour.account}/search?q=lunch&cursor={found}"),
            (stranger, f"/api/v1/mailboxes/{ours.account}/messages?cursor={listed}"),
            (stranger, f"/api/v1/mailboxes/{ours.account}/search?q=lunch&cursor={found}"),
        ):
            answer = await reader.get(path)
            assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/cursor.invalid"), path


async def test_mail_is_searched_with_its_hits_marked(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, {**POLICY, "onItsOwn": ["search_mail"]})
    first = await kept(house, ours, "Menu", "Lunch at <b>ten</b>?")
    await kept(house, ours, "Other", "Nothing of the kind.")
    await write(house, ours, "boss@boss.test", subject="Lunch", text="See file.", head=WITH_FILE)
    path = f"/api/v1/mailboxes/{ours.account}/search"
    async with calls(rest.build(house), ours.agent) as client:
        waiting = (await client.get(path, params={"q": "lunch"})).json()
        await mailbox.Indexer(house.db).index(ours.tenant)
        page = (await client.get(path, params={"q": "lunch", "limit": "1"})).json()
        rest_of_it = (await client.get(path, params={"q": "lunch", "cursor": page["next_cursor"]})).json()
        named = (await client.get(path, params={"q": "to:agent@ours.test filename:menu"})).json()
    assert (waiting["unindexed"], page["unindexed"]) == (3, 0)
    assert page["items"] + rest_of_it["items"] == waiting["items"]
    assert [item["message_id"] for item in rest_of_it["items"]] == [first.email]
    assert rest_of_it["next_cursor"] is None
    assert rest_of_it["items"][0]["snippet"] == [
        {"text": "Lunch", "is_hit": True},
        {"text": " at <b>ten</b>?", "is_hit": False},
    ]
    assert page["items"][0]["subject_marked"] == [{"text": "Lunch", "is_hit": True}]
    assert [item["subject"] for item in named["items"]] == ["Lunch"]


WITH_FILE = (
    'MIME-Version: 1.0\r\nContent-Type: application/pdf; name="menu.pdf"\r\n'
    'Content-Disposition: attachment; filename="menu.pdf"\r\n'
)


@pytest.mark.parametrize("query", ["", "-lunch", 'a "b', "before:soon", "x" * 1_001])
async def test_a_query_that_cannot_be_looked_for_is_refused_in_words(house: House, ours: Tenancy, query: str) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        answer = await client.get(f"/api/v1/mailboxes/{ours.account}/search", params={"q": query})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("request.invalid")
    assert answer.json()["errors"]


async def test_nobody_searches_anothers_mail(house: House, ours: Tenancy, theirs: Tenancy) -> None:
    async with calls(rest.build(house), theirs.owner) as client:
        answer = await client.get(f"/api/v1/mailboxes/{ours.account}/search", params={"q": "lunch"})
    assert answer.status_code == 404


async def test_the_list_is_narrowed_to_what_was_proven_or_sent_by_machines(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    await kept(house, ours, "proven")
    await write(
        house, ours, "any@loose.test", peer="192.0.2.9", subject="unproven", head="Auto-Submitted: auto-replied\r\n"
    )
    path, seen = f"/api/v1/mailboxes/{ours.account}/messages", {}
    async with calls(rest.build(house), ours.agent) as client:
        for query in ({"proven": "true"}, {"proven": "false"}, {"automatic": "true"}, {"automatic": "false"}, {}):
            page = (await client.get(path, params=query)).json()
            seen[str(query)] = [item["subject"] for item in page["items"]]
    assert list(seen.values()) == [["proven"], ["unproven"], ["unproven"], ["proven"], ["unproven", "proven"]]


async def test_a_message_that_was_erased_is_listed_without_its_words_and_read_by_nobody(
    house: House, ours: Tenancy
) -> None:
    await set_policy(house, ours, POLICY)
    email = (await kept(house, ours)).email
    keys = house.db.keys
    keys.destroy(ours.tenant, Kind.SUBJECT, keys.subject_name(ours.tenant, "boss@boss.test"))
    path = f"/api/v1/mailboxes/{ours.account}/messages"
    async with calls(rest.build(house), ours.agent) as client:
        (item,) = (await client.get(path)).json()["items"]
        assert (item["is_erased"], item["subject"], item["from"]) == (True, "", "erased@erased.invalid")
        for way in ("", "/raw"):
            assert (await client.get(f"{path}/{email}{way}")).status_code == 410
        said = await client.post(f"{path}/{email}/reply", json={"text_body": "Yes."})
        assert (said.status_code, said.json()["type"]) == (410, "/api/problems/resource.erased")
