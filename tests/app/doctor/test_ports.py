import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gatepost.app.doctor import ports
from gatepost.app.doctor.finding import Finding, Level
from gatepost.app.state import Running
from gatepost.settings import HttpSettings, MetricsSettings, Settings, SmtpSettings
from ports import free_port

FREE = Settings(smtp=SmtpSettings(port=0), http=HttpSettings(port=0), metrics=MetricsSettings(port=0))


def by_check(found: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in found}


async def test_ports_that_are_free_are_well() -> None:
    found = by_check(await ports.look(FREE, None))
    assert {found[f"{door}.port"].level for door in ("smtp", "http", "metrics")} == {Level.OK}


async def test_a_port_somebody_holds_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = by_check(await ports.look(replace(FREE, http=HttpSettings(port=port)), None))
    assert found["http.port"].level is Level.FAILURE
    assert str(port) in found["http.port"].said
    assert "GATEPOST_HTTP__PORT" in found["http.port"].next_step


async def test_an_address_that_is_not_ours_cannot_be_listened_on() -> None:
    found = by_check(await ports.look(replace(FREE, smtp=SmtpSettings(host="192.0.2.1", port=0)), None))
    assert found["smtp.port"].level is Level.FAILURE


@pytest.mark.parametrize(
    ("settings", "check", "level"),
    [
        (FREE, "smtp.reach", Level.WARNING),
        (replace(FREE, smtp=SmtpSettings(host="::", port=2525)), "smtp.reach", Level.WARNING),
        (replace(FREE, http=HttpSettings(host="::", port=0)), "http.reach", Level.FAILURE),
        (replace(FREE, metrics=MetricsSettings(host="::")), "metrics.reach", Level.WARNING),
    ],
)
async def test_who_can_come_in_is_judged(settings: Settings, check: str, level: Level) -> None:
    assert by_check(await ports.look(settings, None))[check].level is level


@asynccontextmanager
async def answering(said: bytes) -> AsyncIterator[int]:
    """Somebody who says the same to everybody."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def up(smtp: int, http: int, metrics: int) -> Running:
    return Running(
        pid=1,
        base_url="http://127.0.0.1/api",
        smtp_host="127.0.0.1",
        smtp_port=smtp,
        dsn="",
        http_port=http,
        metrics_port=metrics,
    )


async def test_doors_of_a_house_that_is_up_are_knocked_at() -> None:
    async with answering(b"220 mx ESMTP\r\n") as smtp, answering(b"HTTP/1.1 200 OK\r\n\r\n") as web:
        found = by_check(await ports.look(FREE, up(smtp, web, web)))
        assert {found[f"{door}.port"].level for door in ("smtp", "http", "metrics")} == {Level.OK}
        found = by_check(await ports.look(FREE, up(web, smtp, smtp)))
        assert {found[f"{door}.port"].level for door in ("smtp", "http", "metrics")} == {Level.FAILURE}


async def test_a_house_that_says_it_is_up_and_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    closed = free_port()
    found = by_check(await ports.look(replace(FREE, state=tmp_path), up(closed, closed, closed)))
    assert found["smtp.port"].level is Level.FAILURE
    assert found["smtp.port"].next_step


@pytest.mark.parametrize(
    ("smtp", "http", "is_well"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("0.0.0.0", "127.0.0.1", False),  # noqa: S104  # the case
        ("::", "::1", False),
        ("::", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.2", True),
        ("::1", "127.0.0.1", True),
    ],
)
async def test_two_of_our_own_doors_on_one_address_are_a_finding(smtp: str, http: str, *, is_well: bool) -> None:
    port = free_port()
    settings = replace(FREE, smtp=SmtpSettings(host=smtp, port=port), http=HttpSettings(host=http, port=port))
    found = [each for each in await ports.look(settings, None) if each.check == "http.port"]
    assert all(each.level is Level.OK for each in found) is is_well
