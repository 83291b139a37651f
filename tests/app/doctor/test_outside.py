import os
from pathlib import Path

import pytest

from gatepost.app.doctor import outside
from gatepost.app.doctor.finding import Level, worst
from gatepost.blobs import Blobs
from gatepost.egress import NextHop
from gatepost.settings import EgressSettings, Settings, SmtpSettings
from ways import way_out


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


NAMES = {"relay.example": ["8.8.4.4"]}


@pytest.mark.parametrize(
    ("hop", "level"),
    [
        (None, Level.OK),
        (NextHop("relay.example", 25), Level.OK),
        (NextHop("absent.example", 25), Level.FAILURE),
        (NextHop("127.0.0.1", 25), Level.FAILURE),
        (NextHop("169.254.169.254", 80), Level.FAILURE),
        (NextHop("8.8.8.8", 25), Level.OK),
    ],
)
async def test_where_mail_leaves_to_is_judged(hop: NextHop | None, level: Level) -> None:
    found = await outside.look(Settings(), hop, way_out(private=False, names=NAMES))
    assert [finding.level for finding in found if finding.check == "egress.mail"] == [level]


@pytest.mark.parametrize(
    ("host", "allow_private", "level"),
    [("::", ("10.0.0.0/8",), Level.WARNING), ("::", (), Level.OK), ("127.0.0.1", ("10.0.0.0/8",), Level.OK)],
)
async def test_private_addresses_are_open_only_to_a_private_house(
    host: str, allow_private: tuple[str, ...], level: Level
) -> None:
    settings = Settings(smtp=SmtpSettings(host=host), egress=EgressSettings(allow_private=allow_private))
    found = await outside.look(settings, None, way_out(private=False))
    assert [finding.level for finding in found if finding.check == "egress.private"] == [level]


async def test_a_store_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    blobs = Blobs.open((tmp_path / "blobs").as_uri())
    assert worst(await outside.look_at_blobs(blobs, os.urandom)) is Level.OK
    assert files(tmp_path) == []


async def test_a_store_that_takes_nothing_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where a folder should be")
    found = await outside.look_at_blobs(Blobs.open((tmp_path / "blobs").as_uri()), os.urandom)
    assert worst(found) is Level.FAILURE
