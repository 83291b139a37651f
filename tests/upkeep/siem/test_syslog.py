"""RFC 5424 and 5425, and rsyslog as the party that did not write them with us."""

import asyncio
import json
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.app.gaps import find_gaps
from gatepost.upkeep import siem
from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.marks import read_marks
from gatepost.upkeep.siem.syslog import escaped, frame, message, read_place
from ports import free_port
from record.papers import TENANT
from upkeep.siem.authority import issue
from upkeep.siem.papers import decided
from upkeep.siem.scene import Scene

RSYSLOGD = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
BETWEEN_KILLS = 600
HEADER = re.compile(
    rb"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z log\.house\.example gatepost - message\.decided "
    rb'\[gatepost@32473 leaf_index="5" leaf_hash="[0-9a-f]{64}" log_origin="log\.house\.example/t/tn_a"\] '
    rb"\xef\xbb\xbf\{"
)


def test_a_message_is_spelled_as_rfc_5424_demands() -> None:
    octets = message(decided(), native)
    assert HEADER.match(octets)
    assert json.loads(octets.partition(b"\xef\xbb\xbf")[2])["leaf_index"] == 5


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",
        "0xa9fea9fe",
        "169.254.43518",
        "169.254.169.254.",
        "169.254.169.254%00.example",
        "a b",
        "x@y.example",
    ],
)
def test_a_host_that_readers_understand_in_different_ways_is_no_destination(host: str) -> None:
    with pytest.raises(ValueError, match="tls://host"):
        read_place(f"tls://{host}")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("tls://log.example", ("log.example", 6514)),
        ("tls://log.example:443/", ("log.example", 443)),
        ("tls://169\u3002254\u3002169\u3002254", ("169.254.169.254", 6514)),  # so it can be judged
    ],
)
def test_a_host_is_what_will_be_connected_to(url: str, place: tuple[str, int]) -> None:
    assert read_place(url) == place


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


@dataclass
class Rsyslog:
    """rsyslog with TLS on loopback: its port, its file, the authority its certificate is checked with."""

    folder: Path
    authority: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def out(self) -> Path:
        return self.folder / "received"

    def start(self) -> None:
        folder, configuration = self.folder, self.folder / "rsyslog.conf"
        configuration.write_text(
            f'global(workDirectory="{folder}" defaultNetstreamDriver="gtls"'
            f' defaultNetstreamDriverCAFile="{folder}/ca.pem" defaultNetstreamDriverCertFile="{folder}/cert.pem"'
            f' defaultNetstreamDriverKeyFile="{folder}/key.pem")\n'
            'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")\n'
            f'input(type="imtcp" address="127.0.0.1" port="{self.port}")\n'
            'template(name="line" type="string"'
            ' string="%pri%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")\n'
            f'action(type="omfile" file="{self.out}" template="line")\n'
        )
        (folder / "pid").unlink(missing_ok=True)  # of one that was killed
        self.process = subprocess.Popen(  # noqa: S603  # the system's own
            [str(RSYSLOGD), "-n", "-f", str(configuration), "-i", str(folder / "pid")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: answers(self.port))

    def end(self, signal: int) -> None:
        if self.process is not None:
            self.process.send_signal(signal)
            self.process.wait(10)


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[Rsyslog]:
    if RSYSLOGD is None or not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        pytest.skip("NOT PROVEN HERE: rsyslog and rsyslog-gnutls are not installed, so RFC 5425 met no foreign party")
    running = Rsyslog(tmp_path, issue(tmp_path))
    running.start()
    yield running
    running.end(SIGTERM)


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


async def test_rsyslog_takes_the_whole_log_over_tls(scene: Scene, rsyslog: Rsyslog) -> None:
    port, out, authority = rsyslog.port, rsyslog.out, rsyslog.authority
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
    scene: Scene, rsyslog: Rsyslog, tmp_path: Path
) -> None:
    port, out = rsyslog.port, rsyslog.out
    (tmp_path / "other").mkdir()
    stranger = issue(tmp_path / "other")
    identifier = await scene.add(siem.Kind.SYSLOG, f"tls://localhost:{port}", ca=stranger, credential="")
    await scene.grow(1)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.next_index, found.reason) == (0, "receiver.untrusted")
    assert received(out) == []


async def test_what_a_killed_rsyslog_loses_is_named_and_the_rest_is_there_in_order(
    scene: Scene, rsyslog: Rsyslog, *, nightly: bool
) -> None:
    kills, chance = 20 if nightly else 4, random.Random(seed := random.SystemRandom().randrange(1 << 32))
    place = f"tls://localhost:{rsyslog.port}"
    identifier = await scene.add(siem.Kind.SYSLOG, place, ca=rsyslog.authority, credential="")
    for _ in range(kills):
        await scene.grow(BETWEEN_KILLS)
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.later())
            await asyncio.sleep(chance.uniform(0, 0.3))
            await asyncio.to_thread(rsyslog.end, SIGKILL)
        await asyncio.to_thread(rsyslog.start)
    size = await scene.grow(1)
    await scene.later()
    found = await scene.status(identifier)
    assert (found.lag, found.reason) == (0, "")
    last = f'leaf_index="{size - 1}"'
    await asyncio.to_thread(wait_until, lambda: any(last in line for line in received(rsyslog.out)))
    there = [mark.leaf_index for mark in read_marks(received(rsyslog.out)) if mark]
    firsts = list(dict.fromkeys(there))
    assert firsts == sorted(firsts), f"seed {seed}: out of order"
    gaps = await find_gaps(scene.db, TENANT, received(rsyslog.out))
    assert gaps.present == len(firsts)
    assert {place for first, last in gaps.missing for place in range(first, last + 1)} == {*range(size)} - {*firsts}
    assert gaps.changed == gaps.unknown == []
    assert len(gaps.missing) <= kills, f"seed {seed}: lost elsewhere than where it was killed"
