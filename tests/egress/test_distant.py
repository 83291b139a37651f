"""A process without a way out of its own: what its egress refuses by itself. What the door opens, see app."""

from collections.abc import Awaitable, Callable

import pytest

from gatepost.egress import EgressRefusedError, Errand, Purpose, UnreachableError, post
from gatepost.egress.distant import Distant
from ways import NOW

MODEL = Errand(Purpose.MODEL)
egress = Distant("/nowhere/door", lambda: NOW)


@pytest.mark.parametrize(
    "open_it",
    [
        lambda: egress.connect(MODEL, "127.0.0.1", 25, timeout_s=1),
        lambda: egress.vouch(MODEL, "127.0.0.1", 25),
    ],
)
async def test_nothing_is_connected_to_from_here(open_it: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(EgressRefusedError):
        await open_it()


def test_no_datagram_leaves() -> None:
    with pytest.raises(EgressRefusedError):
        egress.datagrams(MODEL, "127.0.0.1", 53)


async def test_no_name_is_resolved_here() -> None:
    assert await egress.addresses(MODEL, "words.evil.example", 443) == ["words.evil.example"]


async def test_without_a_door_nobody_answers() -> None:
    with pytest.raises(UnreachableError):
        await egress.knock(timeout_s=1)
    with pytest.raises(UnreachableError):
        await post(egress, MODEL, "http://127.0.0.1:9/", b"", {}, timeout_s=2, answer_max_octets=9)
