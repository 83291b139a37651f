from dataclasses import replace
from pathlib import Path

from app.running import make_pair, settings_in
from gatepost.app.smtp import certificates_of
from gatepost.journey import House


def test_smtp_always_shows_something_and_http_only_what_it_was_given(house: House, tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "state")
    assert set(certificates_of(settings, house)) == {"smtp"}
    certificate, key = make_pair(tmp_path / "pair", "gate.example")
    given = replace(settings, http=replace(settings.http, certificate=certificate, certificate_key=key))
    shown = certificates_of(given, house)
    assert set(shown) == {"smtp", "http"}
    assert shown["smtp"].pair.fingerprint != shown["http"].pair.fingerprint
