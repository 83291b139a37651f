import os
from pathlib import Path

import pytest

from gatepost.app.doctor import outside
from gatepost.app.doctor.finding import Level
from gatepost.blobs import Blobs
from gatepost.dns import RdType
from gatepost.egress import Egress, NextHop
from gatepost.settings import EgressSettings, Settings, SmtpSettings
from outbound import Zone


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


ZONE = Zone({("relay.example", RdType.A): ["192.0.2.25"]})


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
    found = await outside.look(Settings(), hop, Egress(allow_private=False), ZONE)
    assert [finding.level for finding in found if finding.check == "egress.mail"] == [level]


@pytest.mark.parametrize(
    ("host", "allow_private", "level"),
    [("::", True, Level.WARNING), ("::", False, Level.OK), ("127.0.0.1", True, Level.OK)],
)
async def test_private_addresses_are_open_only_to_a_private_house(host: str, allow_private: bool, level: Level) -> None:  # noqa: FBT001  # a table's column
    settings = Settings(smtp=SmtpSettings(host=host), egress=EgressSettings(allow_private=allow_private))
    found = await outside.look(settings, None, Egress(allow_private=False), ZONE)
    assert [finding.level for finding in found if finding.check == "egress.private"] == [level]


async def test_a_store_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    blobs = Blobs.open((tmp_path / "blobs").as_uri())
    assert (await outside.look_at_blobs(blobs, os.urandom)).level is Level.OK
    assert files(tmp_path) == []


async def test_a_store_that_takes_nothing_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where a folder should be")
    found = await outside.look_at_blobs(Blobs.open((tmp_path / "blobs").as_uri()), os.urandom)
    assert found.level is Level.FAILURE
