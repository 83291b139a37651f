import asyncio

from arrive.loopback import Client, served
from arrive.playbook import Hamlet
from gatepost.arrive.turns import MUCH_OCTETS, Turns


async def test_one_client_a_round_in_the_order_they_came() -> None:
    turns, rounds, went = Turns(), 0, []

    def come(name: str) -> None:
        turns.wait(lambda: went.append((rounds, name)))

    for name in "abc":
        come(name)
    while len(went) < 3:
        rounds += 1
        await asyncio.sleep(0)
    assert [name for _, name in went] == ["a", "b", "c"]
    assert len({number for number, _ in went}) == 3
    come("d")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert went[-1][1] == "d", "the queue starts again after it was empty"


async def test_what_one_clients_turn_raises_takes_nobody_elses() -> None:
    turns, went, failed = Turns(), list[str](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context["exception"]))

    def fail() -> None:
        raise RuntimeError("the socket is gone")

    for go_on in (fail, lambda: went.append("b"), lambda: went.append("c")):
        turns.wait(go_on)
    for _ in range(5):
        await asyncio.sleep(0)
    assert went == ["b", "c"]
    assert len(failed) == 1


async def test_a_client_in_the_queue_is_read_to_its_end() -> None:
    hamlet = Hamlet()
    async with served(hamlet) as (_, port):
        clients = [await Client.greeted(port) for _ in range(4)]
        body = "Subject: x\r\n\r\n" + ("x" * 76 + "\r\n") * (10 * MUCH_OCTETS // 78)
        answers = await asyncio.gather(*(client.deliver(body) for client in clients))
        assert [answer[:3] for answer in answers] == ["250"] * 4
        assert [len(arrived.raw) for arrived in hamlet.arrived] == [len(body)] * 4
        for client in clients:
            await client.close()
