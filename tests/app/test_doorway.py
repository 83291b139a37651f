"""The agents' way out, as the house keeps it: who asks is judged by the register, and counted where it arrives."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from egress.test_http import certificate
from gatepost.app.doorway import CONNECTIONS_MAX, Doorway, own_folder
from gatepost.blobs import Blobs
from gatepost.blobs.bucket import Bucket
from gatepost.egress import Destination, Egress, EgressRefusedError, Errand, Purpose, Rule, UnreachableError, post
from gatepost.egress.distant import Distant
from gatepost.ids import TenantId
from ways import LOOPBACK, NOW, anywhere, way_out

TENANT = TenantId("te_1")
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@asynccontextmanager
async def model() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve HTTP; yield the port and what was heard."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"w" * 200_000)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heard


async def asked(egress: Egress, purpose: Purpose, url: str, dsn: str = "") -> int:
    """Ask at the door of a house; return how much of an answer came."""
    async with Doorway(egress, Blobs(Bucket.in_memory()), dsn).open() as (door, _):
        distant = Distant(str(door), lambda: NOW)
        answer = await post(
            distant, Errand(purpose, "ag_1", TENANT), url, b"", {}, timeout_s=10, answer_max_octets=300_000
        )
        return len(answer.body)


async def test_a_connection_that_the_register_opens_is_relayed_and_counted_once() -> None:
    egress = way_out()
    async with model() as (port, heard):
        assert await asked(egress, Purpose.MODEL, f"http://127.0.0.1:{port}/v1") == 200_000
    assert len(heard) == 1
    assert heard[0].startswith(b"POST /v1 ")
    counted = egress.take().opened
    assert [(each.tenant, each.purpose, times.count) for each, times in counted.items()] == [(TENANT, Purpose.MODEL, 1)]


@pytest.mark.parametrize(
    ("purpose", "rows", "rule"),
    [
        (Purpose.MODEL, [], Rule.UNDECLARED),
        (Purpose.TOOL, anywhere(Purpose.MODEL), Rule.UNDECLARED),
        (Purpose.MODEL, anywhere(Purpose.MODEL), Rule.LOOPBACK),
        *((each, anywhere(), Rule.UNDECLARED) for each in Purpose if each not in {Purpose.MODEL, Purpose.TOOL}),
    ],
)
async def test_what_it_does_not_open_reaches_nobody(purpose: Purpose, rows: list[Destination], rule: Rule) -> None:
    async with model() as (port, heard):
        with pytest.raises(EgressRefusedError) as refused:
            await asked(way_out(private=False, rows=rows), purpose, f"http://127.0.0.1:{port}/")
    assert (refused.value.rule, heard) == (rule, [])


async def test_a_name_is_resolved_by_the_house() -> None:
    async with model() as (port, heard):
        egress = way_out(names={"model.example": ["127.0.0.1"]})
        assert await asked(egress, Purpose.MODEL, f"http://model.example:{port}/") == 200_000
        with pytest.raises(UnreachableError):
            await asked(egress, Purpose.MODEL, f"http://words.evil.example:{port}/")
    assert len(heard) == 1


async def test_what_must_be_encrypted_is_not_sent_in_clear() -> None:
    with pytest.raises(EgressRefusedError) as refused:
        await asked(way_out(rows=anywhere(Purpose.MODEL)), Purpose.MODEL, "http://192.88.98.1:80/")
    assert refused.value.rule is Rule.CLEAR


@pytest.mark.parametrize(
    "said", [b"POST / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05\x02.....", b"\x17\x03\x03\x00\x05\x01....."]
)
async def test_who_asked_for_tls_and_begins_none_is_hung_up_on(said: bytes) -> None:
    async with model() as (port, heard), Doorway(way_out(), Blobs(Bucket.in_memory()), "").open() as (door, _):
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b'["model", "", null, "127.0.0.1", %d, false]\n' % port + said)
        assert await reader.read() == b"open\n"
        writer.close()
    assert heard == []


async def test_what_begins_tls_is_relayed_whole() -> None:
    hello = b"\x16\x03\x01\x00\x05\x01....\r\n\r\n"
    async with model() as (port, heard), Doorway(way_out(), Blobs(Bucket.in_memory()), "").open() as (door, _):
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b'["model", "", null, "127.0.0.1", %d, false]\n' % port + hello)
        assert await reader.readline() == b"open\n"
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
    assert heard == [hello]


async def test_a_shut_doorway_ends_what_was_under_way() -> None:
    async with model() as (port, _), Doorway(way_out(), Blobs(Bucket.in_memory()), "").open() as (door, _):
        reader, writer = await asyncio.open_unix_connection(door)
        writer.write(b'["model", "", null, "127.0.0.1", %d, true]\n' % port)
        assert await reader.readline() == b"open\n"
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_unix_connection(door)


async def test_more_connections_than_turns_need_are_hung_up_on() -> None:
    async with Doorway(way_out(), Blobs(Bucket.in_memory()), "").open() as (door, _):
        held = [await asyncio.open_unix_connection(door) for _ in range(CONNECTIONS_MAX)]
        reader, writer = await asyncio.open_unix_connection(door)
        assert await reader.read() == b""
        for _, each in (*held, (reader, writer)):
            each.close()


async def test_nonsense_at_the_door_is_hung_up_on() -> None:
    async with Doorway(way_out(), Blobs(Bucket.in_memory()), "").open() as (door, _):
        for said in (b"GET / HTTP/1.1\r\n", b"x" * 100_000, b"[1]\n", b"\n"):
            reader, writer = await asyncio.open_unix_connection(door)
            writer.write(said)
            assert await reader.read() == b""
            writer.close()


@asynccontextmanager
async def postgres(dsn: str, folder: Path) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve the real PostgreSQL over TCP, with TLS for who asks; yield the port and how each client began."""
    server_trust, _ = certificate(folder, "db.example")
    said = conninfo_to_dict(dsn)
    began: list[bytes] = []

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while octets := await source.read(65_536):
            target.write(octets)
        target.close()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began.append(first := await reader.readexactly(8))
        near = await asyncio.open_unix_connection(f"{said['host']}/.s.PGSQL.5432")
        try:
            if first == SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(server_trust)
            else:
                near[1].write(first)
            await asyncio.gather(carry(reader, near[1]), carry(near[0], writer), return_exceptions=True)
        except OSError:  # the client trusts us not
            pass
        finally:
            near[1].close()
            writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], began


async def selected(egress: Egress, dsn: str) -> int:
    async with Doorway(egress, Blobs(Bucket.in_memory()), dsn).open() as (_, (near,)):
        assert "hostaddr" not in near
        connection = await psycopg.AsyncConnection.connect(near)
        async with connection:
            row = await (await connection.execute("select 41 + 1")).fetchone()
    return int(row[0]) if row else 0


async def test_the_database_is_reached_with_tls_where_the_name_is_proven(app_dsn: str, tmp_path: Path) -> None:
    rows = [Destination(purpose=Purpose.DATABASE, host="*", port=0, networks=LOOPBACK)]
    egress = way_out(rows=rows, names={"db.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    async with postgres(app_dsn, tmp_path) as (port, began):
        far: dict[str, str | int] = {
            "port": port,
            "sslrootcert": str(tmp_path / "db.example.pem"),
            "sslmode": "verify-full",
        }
        assert await selected(egress, make_conninfo(app_dsn, host="db.example", **far)) == 42
        assert began == [SSL_REQUEST]
        for refused in (
            make_conninfo(app_dsn, host="other.example", **far),
            make_conninfo(app_dsn, host="db.example", port=port, sslmode="verify-full"),
        ):
            with pytest.raises(psycopg.OperationalError):
                await selected(egress, refused)


async def test_each_role_has_its_own_way_to_the_database(app_dsn: str, accept_dsn: str, tmp_path: Path) -> None:
    async with postgres(app_dsn, tmp_path) as (port, _):
        far = [make_conninfo(each, host="127.0.0.1", port=port) for each in (app_dsn, accept_dsn)]
        async with Doorway(way_out(), Blobs(Bucket.in_memory()), *far).open() as (_, near):
            for dsn, role in zip(near, ("gatepost_app", "gatepost_accept"), strict=True):
                async with await psycopg.AsyncConnection.connect(dsn) as connection:
                    row = await (await connection.execute("select session_user::text")).fetchone()
                assert row == (role,)


async def test_and_in_clear_only_where_that_is_allowed(app_dsn: str, tmp_path: Path) -> None:
    async with postgres(app_dsn, tmp_path) as (port, began):
        near = make_conninfo(app_dsn, host="127.0.0.1", port=port)
        assert await selected(way_out(), near) == 42
        assert SSL_REQUEST not in began
        with pytest.raises(psycopg.OperationalError):
            await selected(way_out(rows=[]), near)
    assert len(began) == 1


HOLDING = """
import sys, time
from pathlib import Path
from gatepost.app.doorway import own_folder
with own_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


async def test_what_a_killed_house_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    held = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOLDING, str(tmp_path)), env={"PYTHONPATH": "src"}, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        killed, living = [Path((await each.stdout.readline()).decode().strip()) for each in held if each.stdout]
        (killed / "door").touch()
        held[0].kill()
        await held[0].wait()
        young, foreign = tmp_path / "gatepost-ways-young", tmp_path / "another-folder"
        for each in (young, foreign):
            each.mkdir()
        for each in (killed, living, foreign):
            os.utime(each, (1, 1))
        with own_folder(tmp_path) as mine:
            left = {living, young, foreign, Path(mine)}
            assert names(tmp_path) == {each.name for each in left}
        assert names(tmp_path) == {each.name for each in left} - {Path(mine).name}
    finally:
        held[1].kill()
        await held[1].wait()
