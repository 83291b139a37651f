from dataclasses import replace
from pathlib import Path

from app.running import settings_in
from gatepost.app.listeners import faces
from gatepost.doors.public import TRUST_PLACES
from gatepost.journey import House


def test_trust_pages_are_there_only_where_the_operator_claims_anything(house: House, tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "state")
    assert faces(settings, house).keys().isdisjoint(TRUST_PLACES)
    claiming = replace(settings, trust=replace(settings.trust, operator="examples/operator"))
    assert faces(claiming, house).keys() >= {*TRUST_PLACES, *faces(settings, house)}
