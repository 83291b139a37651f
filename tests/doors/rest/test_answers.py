import asyncio

from doors.rest.scene import POLICY, Tenancy, calls, set_policy, write
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.journey import House


async def path_of_kept(house: House, ours: Tenancy, author: str = "boss@boss.test", peer: str = "192.0.2.1") -> str:
    """Return the path of one kept message."""
    await set_policy(house, ours, POLICY)
    done = await write(house, ours, author, peer=peer)
    assert isinstance(done.outcome, Kept)
    return f"/api/v1/mailboxes/{ours.account}/messages/{done.outcome.email}"


async def test_the_same_text_is_the_same_reply_and_another_text_is_a_new_mail(house: House, ours: Tenancy) -> None:
    path = await path_of_kept(house, ours)
    async with calls(rest.build(house), ours.agent) as client:
        first = (await client.post(f"{path}/reply", json={"text_body": "Yes."})).json()
        again = (await client.post(f"{path}/reply", json={"text_body": "Yes."})).json()
        other = (await client.post(f"{path}/reply", json={"text_body": "No."})).json()
    assert (first["success"], first["is_repeat"]) == (True, False)
    assert again == {**first, "is_repeat": True}
    assert other["is_repeat"] is False
    assert other["submission_id"] != first["submission_id"]


async def test_an_idempotency_key_stands_for_one_text_and_no_other(house: House, ours: Tenancy) -> None:
    path = await path_of_kept(house, ours)
    headers = {"Idempotency-Key": "turn-1"}
    async with calls(rest.build(house), ours.agent) as client:
        first = (await client.post(f"{path}/reply", json={"text_body": "Yes."}, headers=headers)).json()
        again = (await client.post(f"{path}/reply", json={"text_body": "Yes."}, headers=headers)).json()
        other = await client.post(f"{path}/reply", json={"text_body": "No."}, headers=headers)
    assert again == {**first, "is_repeat": True}
    assert (other.status_code, other.json()["type"]) == (422, "/api/problems/key.reused")


async def test_five_equal_calls_at_once_send_one_mail(house: House, ours: Tenancy) -> None:
    path = await path_of_kept(house, ours)
    async with calls(rest.build(house), ours.agent) as client:
        answers = await asyncio.gather(*(client.post(f"{path}/reply", json={"text_body": "Yes."}) for _ in range(5)))
    told = [answer.json() for answer in answers]
    assert {answer.status_code for answer in answers} == {200}, told
    assert len({item["submission_id"] for item in told}) == 1
    assert sum(not item["is_repeat"] for item in told) == 1


async def test_a_reply_and_a_bounce_of_the_same_words_are_two_things(house: House, ours: Tenancy) -> None:
    path = await path_of_kept(house, ours)
    async with calls(rest.build(house), ours.agent) as client:
        reply = (await client.post(f"{path}/reply", json={"text_body": "No."})).json()
        bounce = (await client.post(f"{path}/bounce", json={"reason": "No."})).json()
    assert (reply["is_repeat"], bounce["is_repeat"]) == (False, False)
    assert reply["submission_id"] != bounce["submission_id"]


async def test_no_bounce_goes_to_a_forged_author(house: House, ours: Tenancy) -> None:
    path = await path_of_kept(house, ours, "anybody@loose.test", "203.0.113.9")
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.post(f"{path}/bounce", json={"reason": "Go away."})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/api/problems/reply.refused"
    assert answer.json()["errors"] == ["bounce.unverified_sender"]


async def test_nothing_is_said_about_a_message_that_is_not_there(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        path = f"/api/v1/mailboxes/{ours.account}/messages/em_none"
        assert (await client.post(f"{path}/reply", json={"text_body": "Hello?"})).status_code == 404
        assert (await client.post(f"{path}/bounce", json={"reason": "Hello?"})).status_code == 404


async def test_a_refusal_names_the_reason_and_what_to_do(house: House, ours: Tenancy) -> None:
    path = await path_of_kept(house, ours)
    outbound = {"cardNumbers": "reject", "rateLimit": {"perAgent": {"perDay": 1}}}
    await set_policy(house, ours, {**POLICY, "outbound": outbound})
    async with calls(rest.build(house), ours.agent) as client:
        leaked = await client.post(f"{path}/reply", json={"text_body": "4111 1111 1111 1111"})
        sent = await client.post(f"{path}/reply", json={"text_body": "Yes."})
        limited = await client.post(f"{path}/reply", json={"text_body": "Yes, and yes."})
    assert (leaked.status_code, leaked.json()["errors"]) == (422, ["leak.card_number"])
    assert leaked.json()["detail"] == "The gate refused to send this: leak.card_number. Take out the card number."
    assert sent.status_code == 200
    assert (limited.status_code, limited.json()["errors"]) == (429, ["send.rate_agent"])
    assert limited.json()["type"] == "/api/problems/reply.too_many"
    assert int(limited.headers["retry-after"]) > 0
