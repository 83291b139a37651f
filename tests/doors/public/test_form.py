"""What a form sends is bounded."""

from typing import NoReturn

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gatepost.doors.public.form import RATE, Proxied, Turnstile
from outbound import Hands


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"address=" + b"x" * 9_000, 413),
        (b"&".join(b"a=b" for _ in range(40)), 400),
        (b"", 400),
        (b"\xff\x00%zz", 400),
        (b"address=a%40b.test&topic=none", 400),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(visitor: httpx2.AsyncClient, body: bytes, status: int) -> None:
    got = await visitor.post("/trust/subscribe", content=body)
    assert got.status_code == status
    assert got.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [("subscribe", {"address": "a"}, 400), ("challenge", {"nonce": "a" * 16}, 303), ("room", {}, 400)],
)
async def test_one_address_may_send_a_few_forms_and_is_told_when_to_come_back(
    visitor: httpx2.AsyncClient, path: str, data: dict[str, str], code: int
) -> None:
    codes = [(await visitor.post(f"/trust/{path}", data=data)).status_code for _ in range(RATE.burst)]
    assert set(codes) == {code}
    got = await visitor.post(f"/trust/{path}", data=data)
    assert got.status_code == 429
    assert 1 <= int(got.headers["retry-after"]) <= 1 / RATE.per_second
    assert "Come back in 5 minutes." in got.text


def test_each_caller_is_counted_alone_and_an_ipv6_network_is_one() -> None:
    turnstile = Turnstile(Hands())
    for number in range(RATE.burst):
        assert turnstile.take(asking(f"2001:db8::{number + 1:x}")) == 0
    assert turnstile.take(asking("2001:db8::ffff")) > 0
    for other in ("2001:db8:0:1::1", "192.0.2.1", "testclient"):
        assert turnstile.take(asking(other)) == 0
    for _ in range(RATE.burst - 1):
        assert turnstile.take(asking("::ffff:192.0.2.1")) == 0
    assert turnstile.take(asking("192.0.2.1")) > 0


async def test_visitors_who_come_by_a_proxy_do_not_shut_the_forms_for_one_another() -> None:
    turnstile, waits = Turnstile(Hands()), []

    async def form(scope: Scope, _receive: Receive, _send: Send) -> None:
        waits.append(turnstile.take(Request(scope)))

    app = Proxied(form, {"192.0.2.1"}.__contains__)
    for host in ("192.0.2.1", "192.0.2.2"):
        for _ in range(RATE.burst + 1):
            await app(asking(host).scope, nothing, nothing)
    assert [bool(wait) for wait in waits] == [False] * (2 * RATE.burst + 1) + [True]


async def nothing(*_: object) -> NoReturn:
    raise AssertionError


def asking(host: str) -> Request:
    return Request({"type": "http", "client": (host, 1), "headers": []})
