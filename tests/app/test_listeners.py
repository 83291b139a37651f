from dataclasses import replace
from pathlib import Path

import pytest

from app.running import settings_in
from gatepost.app.listeners import faces, proxied
from gatepost.doors.public.trust import PLACES
from gatepost.journey import House


def test_trust_pages_are_there_only_where_the_operator_claims_anything(house: House, tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "state")
    assert faces(settings, house).keys().isdisjoint(PLACES)
    claiming = replace(settings, trust=replace(settings.trust, operator="examples/operator"))
    assert faces(claiming, house).keys() >= {*PLACES, *faces(settings, house)}


@pytest.mark.parametrize(
    ("proxies", "certificate", "public_url", "address", "is_proxy"),
    [
        ((), "", "", "127.0.0.1", False),
        ((), "", "http://127.0.0.1:8080", "127.0.0.1", False),
        ((), "", "https://mail.example.com", "127.0.0.1", True),
        ((), "a.pem", "https://mail.example.com", "127.0.0.1", False),
        (("10.1.0.0/16",), "a.pem", "https://mail.example.com", "10.1.2.3", True),
        (("10.1.0.0/16",), "a.pem", "https://mail.example.com", "::ffff:10.1.2.3", True),
        (("10.1.0.0/16",), "a.pem", "https://mail.example.com", "10.2.0.1", False),
    ],
)
def test_who_brings_many_visitors_is_a_proxy(
    tmp_path: Path, *, proxies: tuple[str, ...], certificate: str, public_url: str, address: str, is_proxy: bool
) -> None:
    settings = settings_in(tmp_path / "state")
    http = replace(settings.http, proxies=proxies, certificate=certificate, public_url=public_url)
    assert proxied(replace(settings, http=http))(address) is is_proxy
