import mailbuttons
import pytest

from doors.rest.scene import POLICY, Tenancy, calls, set_policy, write
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.journey import House
from gatepost.keys import Kind


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


async def test_a_thread_is_read_oldest_first(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    thread = (await kept(house, ours)).thread
    path = f"/api/v1/mailboxes/{ours.account}/threads"
    async with calls(rest.build(house), ours.agent) as client:
        told = (await client.get(f"{path}/{thread}")).json()
        assert (told["thread_id"], [item["subject"] for item in told["messages"]]) == (thread, ["Tuesday"])
        assert (await client.get(f"{path}/th_none")).status_code == 404


@pytest.mark.parametrize("cursor", ["em_none", "em_0", "x"])
async def test_a_cursor_that_is_no_message_ends_the_list(house: House, ours: Tenancy, cursor: str) -> None:
    await set_policy(house, ours, POLICY)
    await kept(house, ours)
    async with calls(rest.build(house), ours.agent) as client:
        page = (await client.get(f"/api/v1/mailboxes/{ours.account}/messages?cursor={cursor}")).json()
    assert page == {"items": [], "next_cursor": None}


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
