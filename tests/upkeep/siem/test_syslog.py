"""RFC 5424 and 5425, and rsyslog as the party that did not write them with us."""

import asyncio
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep import siem
from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.syslog import escaped, frame, message, read_place
from ports import free_port
from upkeep.siem.authority import issue
from upkeep.siem.papers import decided
from upkeep.siem.scene import Scene

RSYSLOGD = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
HEADER = re.compile(
    rb"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z log\.house\.example gatepost - message\.decided "
    rb'\[gatepost@32473 leaf_index="5" leaf_hash="[0-9a-f]{64}" log_origin="log\.house\.example/t/tn_a"\] '
    rb"\xef\xbb\xbf\{"
)


def test_a_message_is_spelled_as_rfc_5424_demands() -> None:
    octets = message(decided(), native)
    assert HEADER.match(octets)
    assert json.loads(octets.partition(b"\xef\xbb\xbf")[2])["leaf_index"] == 5


@given(st.text())
def test_a_value_never_ends_its_parameter(value: str) -> None:
    assert re.fullmatch(r'(?:[^"\\\]]|\\["\\\]])*', escaped(value))


@given(st.binary(max_size=300))
def test_a_frame_begins_with_its_length(octets: bytes) -> None:
    length, _, rest = frame(octets).partition(b" ")
    assert (int(length), rest) == (len(octets), octets)


def test_a_place_is_tls_and_its_port_may_be_left_out() -> None:
    assert read_place("tls://logs.example") == ("logs.example", 6514)
    assert read_place("tls://[::1]:7000") == ("::1", 7000)


@pytest.mark.parametrize(
    "url", ["", "logs.example", "udp://logs.example", "tls://", "tls://a/b", "tls://a:x", "tls://a:99999", "tls://u@a"]
)
def test_anything_else_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"syslog|[Pp]ort"):
        read_place(url)


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[tuple[int, Path, str]]:
    """rsyslog with TLS on loopback; its port, its file, the authority its certificate is checked with."""
    if RSYSLOGD is None or not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        pytest.skip("NOT PROVEN HERE: rsyslog and rsyslog-gnutls are not installed, so RFC 5425 met no foreign party")
    authority = issue(tmp_path)
    port = free_port()
    out, configuration = tmp_path / "received", tmp_path / "rsyslog.conf"
    configuration.write_text(
        f'global(workDirectory="{tmp_path}" defaultNetstreamDriver="gtls"'
        f' defaultNetstreamDriverCAFile="{tmp_path}/ca.pem" defaultNetstreamDriverCertFile="{tmp_path}/cert.pem"'
        f' defaultNetstreamDriverKeyFile="{tmp_path}/key.pem")\n'
        'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")\n'
        f'input(type="imtcp" address="127.0.0.1" port="{port}")\n'
        'template(name="line" type="string" string="%pri%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")\n'
        f'action(type="omfile" file="{out}" template="line")\n'
    )
    process = subprocess.Popen(  # noqa: S603  # the system's own
        [RSYSLOGD, "-n", "-f", str(configuration), "-i", str(tmp_path / "pid")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answers(port))
        yield port, out, authority
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def received(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def test_rsyslog_takes_the_whole_log_over_tls(scene: Scene, rsyslog: tuple[int, Path, str]) -> None:
    port, out, authority = rsyslog
    identifier = await scene.add(siem.Kind.SYSLOG, f"tls://localhost:{port}", ca=authority, credential="")
    size = await scene.grow(20)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.lag, found.reason) == (0, "")
    assert "best effort" in found.assurance
    await asyncio.to_thread(wait_until, lambda: len(received(out)) >= size)
    lines = [line.split("|", 5) for line in received(out)]
    assert [re.findall(r'leaf_index="(\d+)"', line[4]) for line in lines] == [[str(at)] for at in range(size)]
    assert {tuple(line[:3]) for line in lines} == {("110", "log.house.example", "gatepost")}
    for at, line in enumerate(lines):
        assert json.loads(line[5].lstrip("\ufeff"))["leaf_index"] == at


async def test_a_certificate_of_another_authority_is_not_talked_to(
    scene: Scene, rsyslog: tuple[int, Path, str], tmp_path: Path
) -> None:
    port, out, _ = rsyslog
    (tmp_path / "other").mkdir()
    stranger = issue(tmp_path / "other")
    identifier = await scene.add(siem.Kind.SYSLOG, f"tls://localhost:{port}", ca=stranger, credential="")
    await scene.grow(1)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.next_index, found.reason) == (0, "receiver.untrusted")
    assert received(out) == []
