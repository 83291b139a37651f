import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gatepost.egress import Errand, Purpose
from gatepost.upkeep.siem.client import HttpWay, SyslogWay, trust_of
from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.otlp import Otlp
from gatepost.upkeep.siem.paper import Kind, Verdict
from record.papers import TENANT, Hands
from upkeep.siem.authority import issue
from upkeep.siem.papers import destination
from upkeep.siem.scene import ways

ERRAND = Errand(Purpose.EXPORT, "ex_a", TENANT)


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://127.0.0.1:1", Verdict(again=range(2), reason="receiver.unreachable")),
        ("http://192.0.2.1", Verdict(stop="egress.refused.address.reserved")),
        ("http://nobody.example", Verdict(again=range(2), reason="receiver.unreachable")),
    ],
)
async def test_what_the_network_does_is_a_verdict(url: str, verdict: Verdict) -> None:
    dialect = Otlp(destination(Kind.OTLP, url), native)
    assert await HttpWay(ways(Hands()), ERRAND, dialect, "").send([b"{}", b"{}"]) == verdict


async def test_so_it_is_for_syslog() -> None:
    egress = ways(Hands())
    assert (await SyslogWay(egress, ERRAND, "tls://127.0.0.1:1", "").send([b"x"])).reason == "receiver.unreachable"
    assert (await SyslogWay(egress, ERRAND, "tls://192.0.2.1", "").send([b"x"])).stop.startswith("egress.refused")


@contextmanager
def silent_receiver(folder: Path, *, reads: bool = True) -> Iterator[tuple[str, bytearray]]:
    """Speak TLS, read everything or nothing, and never close."""
    issue(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    got, held = bytearray(), []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            held.append(context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False))
            while reads and (octets := held[0].recv(65_536)):
                got.extend(octets)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"tls://localhost:{listener.getsockname()[1]}", got
        for each in held:
            each.close()
        thread.join(30)


async def test_a_syslog_receiver_that_never_closes_was_sent_what_it_took(tmp_path: Path) -> None:
    with silent_receiver(tmp_path) as (url, got):
        batch = [b"x" * 8_000] * 100
        way = SyslogWay(ways(Hands()), ERRAND, url, (tmp_path / "ca.pem").read_text())
        assert await way.send(batch) == Verdict()
        assert len(got) == 100 * len(b"8000 " + batch[0])


async def test_a_syslog_receiver_that_takes_nothing_was_sent_nothing(tmp_path: Path) -> None:
    with silent_receiver(tmp_path, reads=False) as (url, _):
        way = SyslogWay(ways(Hands()), ERRAND, url, (tmp_path / "ca.pem").read_text())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(way.send([b"x" * 30_000_000]), 1)


def test_an_authority_that_is_none_is_refused_and_without_one_the_well_known_count() -> None:
    with pytest.raises(ValueError, match="no PEM"):
        trust_of("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    assert trust_of("").get_ca_certs()
