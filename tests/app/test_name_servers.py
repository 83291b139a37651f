"""A network that changes under the house: it asks the name servers that the machine asks now, and may."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.app import build
from gatepost.app.name_servers import Followed
from gatepost.app.ways_out import name_server_rows
from gatepost.dns import RdType
from gatepost.dns.hosts import servers_in
from gatepost.egress import Destination, Egress, EgressRefusedError, Errand, Purpose
from gatepost.egress.register import Register
from gatepost.settings import DnsSettings, Settings

ERRAND = Errand(Purpose.DNS, "name")


async def nobody(_: str) -> list[str]:
    return []


def way_out(*declared: Destination) -> Egress:
    rows = declared or name_server_rows(["127.0.0.1:53"])
    return Egress(Register(rows, barred=["bad.example"]), nobody, lambda: datetime(2026, 11, 23, tzinfo=UTC))


def test_others_are_declared_and_the_former_are_not(tmp_path: Path) -> None:
    path, egress = tmp_path / "resolv.conf", way_out()
    path.write_text("nameserver 127.0.0.1\n")
    newly = Followed(path, servers_in(path.read_text()), egress)
    assert newly() is None
    path.write_text("nameserver 127.0.0.7\nnameserver ::1\n")
    assert newly() == [("127.0.0.7", 53), ("::1", 53)]
    assert newly() is None
    egress.admit(ERRAND, "127.0.0.7", 53, "127.0.0.7", in_clear=True)
    with pytest.raises(EgressRefusedError):
        egress.admit(ERRAND, "127.0.0.1", 53, "127.0.0.1", in_clear=True)
    with pytest.raises(EgressRefusedError):  # what was closed stays so
        egress.register.find(Purpose.DNS, "bad.example", 53)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_that_is_being_written_changes_nothing(tmp_path: Path, *, is_there: bool) -> None:
    path = tmp_path / "resolv.conf"
    if is_there:
        path.write_text("\n")
    assert Followed(path, ("127.0.0.9:53",), way_out())() is None


def test_a_file_that_names_none_is_believed_at_the_second_look(tmp_path: Path) -> None:
    path, egress = tmp_path / "resolv.conf", way_out()
    newly = Followed(path, ("127.0.0.9:53",), egress)
    for half in ("# no nameserver yet\n", "# no nameserver yet\nsearch corp.example\n"):
        path.write_text(half)
        assert newly() is None
    assert newly() == [("127.0.0.1", 53)]
    path.write_text(half + "nameserver 127.0.0.9\n")
    assert newly() == [("127.0.0.9", 53)]


def test_what_the_operator_declared_stays(tmp_path: Path) -> None:
    own = Destination(purpose=Purpose.DNS, host="127.0.0.1", port=53, is_clear=True, decided_by="us")
    path, egress = tmp_path / "resolv.conf", way_out(own)
    path.write_text("nameserver 127.0.0.7\n")
    assert Followed(path, ("127.0.0.1:53",), egress)() is None, "it may not ask there, and goes on asking where it may"
    path.write_text("nameserver 127.0.0.7\nnameserver 127.0.0.1\n")
    assert Followed(path, ("127.0.0.7:53",), egress)() == [("127.0.0.1", 53)]
    assert egress.register.rows == (own,)


async def test_a_house_follows_the_machine_with_its_next_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(build, "RESOLV_CONF", path)
    path.write_text("nameserver 127.0.0.1\n")
    asks, has = build.ways_of(Settings(), ""), build.ways_of(Settings(dns=DnsSettings(servers=("127.0.0.2:53",))), "")
    path.write_text("nameserver 127.0.0.7\n")
    for ways, host in ((asks, "127.0.0.7"), (has, "127.0.0.2")):
        async with ways.resolver as resolver:
            await resolver.query("name.example", RdType.A)  # nobody answers there
        assert {row.host for row in ways.egress.register.rows if row.purpose is Purpose.DNS} == {host}
