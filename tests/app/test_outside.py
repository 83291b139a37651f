import json
import stat
from pathlib import Path

import pytest

from gatepost.app.outside import OutsideError, look_at
from gatepost.ledger.note import Note, VerifierKey
from gatepost.settings import DnsSettings, Settings
from gatepost.trust.bench import Bench
from gatepost.trust.controls import server
from outbound import Hands
from record.papers import counting

SILENT = Settings(dns=DnsSettings(servers=("127.0.0.1:1",), timeout_s=0.2))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(folder=tmp_path, database=None, clock=Hands(), entropy=counting())


async def test_a_strangers_door_is_asked_and_the_results_are_signed(bench: Bench) -> None:
    key = bench.folder / "probe.key"
    async with server.listening(server.hang_up, server.lax(bench.folder, bench.clock())) as port:
        note = await look_at(SILENT, server.HOST, smtp_port=0, https_port=port, key=key, name="probe.example.org")
    said = json.loads(Note.parse(note).text)
    Note.parse(note).verify([VerifierKey.parse(said["vkey"])])
    rows = {row["check_id"]: row for row in said["checks"]}
    assert (rows["tls.floor"]["outcome"], rows["tls.floor"]["reason"]) == ("FAIL", "tls.old_version")
    assert rows["security_txt.valid"]["outcome"] == "COULD_NOT_VERIFY"
    assert {row["control"] for row in rows.values()} == {"FAIL"}
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


async def test_one_key_signs_every_time(bench: Bench) -> None:
    key, seen = bench.folder / "probe.key", set()
    for _ in range(2):
        note = await look_at(SILENT, server.HOST, smtp_port=1, https_port=0, key=key, name="probe.example.org")
        said = json.loads(Note.parse(note).text)
        seen.add(said["vkey"])
        assert {row["outcome"] for row in said["checks"]} == {"COULD_NOT_VERIFY"}  # nobody listens there
    assert len(seen) == 1


async def test_what_is_no_host_is_refused(bench: Bench) -> None:
    with pytest.raises(OutsideError):
        await look_at(SILENT, "no host", smtp_port=1, https_port=0, key=bench.folder / "k", name="p.example")
