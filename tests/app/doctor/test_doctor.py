"""The whole examination; its checks have tests of their own."""

from pathlib import Path

import pytest

from gatepost.app.doctor import Level, examine
from gatepost.settings import DatabaseSettings, DnsSettings, HttpSettings, Settings, SmtpSettings


async def test_a_house_that_never_started_gets_advice_and_is_left_alone(tmp_path: Path) -> None:
    settings = Settings(
        state=tmp_path / "absent",
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        dns=DnsSettings(servers=("127.0.0.1:1",)),
    )
    found = await examine(settings)
    assert all(finding.next_step for finding in found if finding.level is not Level.OK)
    assert "database.reach" in {finding.check for finding in found}
    assert not settings.state.is_dir()


async def test_a_database_that_is_away_is_one_finding_among_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        state=tmp_path,
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        database=DatabaseSettings(dsn=f"host={tmp_path} dbname=absent"),
        dns=DnsSettings(servers=("127.0.0.1:1",)),
    )
    found = {finding.check: finding for finding in await examine(settings)}
    assert found["database.reach"].level is Level.FAILURE
    assert "disk.room" in found
    assert "clock.steady" in found
    assert caplog.messages == []  # of each attempt
