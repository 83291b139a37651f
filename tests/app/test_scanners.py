from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from gatepost.app.scanners import places_of, watch
from gatepost.egress import Egress, Register
from gatepost.settings import ScanSettings, Settings, SettingsError, load


async def _nobody(host: str) -> Sequence[str]:
    return [host]


EGRESS = Egress(Register([]), _nobody, lambda: datetime.now(UTC))  # noqa: TID251  # only counted


def scanning(**values: str) -> Settings:
    return Settings(scan=ScanSettings(**values))  # type: ignore[arg-type]  # every value here is a str


def test_nobody_is_asked_unless_named() -> None:
    assert watch(Settings(), EGRESS).scanners == ()
    assert list(places_of(Settings())) == []


def test_each_named_scanner_is_asked_and_has_its_place_in_the_register() -> None:
    named = scanning(
        clamd="127.0.0.1:3310", icap="icap://scan.example/avscan", classifier="https://classify.example/v1"
    )
    assert [each.name for each in watch(named, EGRESS).scanners] == ["clamd", "icap", "classifier"]
    assert list(places_of(named)) == [
        (("127.0.0.1", 3310), "scan.clamd"),
        (("scan.example", 1344), "scan.icap"),
        (("classify.example", 443), "scan.classifier"),
    ]


def test_a_local_socket_needs_no_place() -> None:
    named = scanning(clamd="unix:/run/clamav/clamd.ctl")
    assert [each.name for each in watch(named, EGRESS).scanners] == ["clamd"]
    assert list(places_of(named)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"clamd": "nowhere"},
        {"icap": "http://x/"},
        {"icap": "icap://x/y", "icap_method": "options"},
        {"classifier": "x"},
    ],
)
def test_what_cannot_be_asked_is_refused_at_the_start(values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"scan\."):
        list(places_of(scanning(**values)))


def test_canaries_come_from_the_settings_and_are_long_enough_to_mean_something() -> None:
    assert watch(load({"GATEPOST_SCAN__CANARIES": "gp-canary-1,gp-canary-2"}), EGRESS).canaries == (
        "gp-canary-1",
        "gp-canary-2",
    )
    with pytest.raises(SettingsError, match="canaries"):
        watch(load({"GATEPOST_SCAN__CANARIES": "short"}), EGRESS)
