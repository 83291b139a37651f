from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gatepost.trust import read_operator
from gatepost.trust.security_txt import written
from trust.scene import EXAMPLE

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
URL = "https://mail.house.test"


def fields(text: str | None) -> list[tuple[str, str]]:
    return [(name, value) for line in (text or "").splitlines() for name, _, value in [line.partition(": ")]]


def test_it_has_what_rfc_9116_demands() -> None:
    found = fields(written(read_operator(EXAMPLE), NOW, URL))
    named = [name for name, _ in found]
    assert named.count("Expires") == 1
    assert "Contact" in named
    assert ("Canonical", f"{URL}/.well-known/security.txt") in found
    until = datetime.fromisoformat(dict(found)["Expires"])
    assert NOW < until < NOW + timedelta(days=365)


def test_it_says_nothing_after_the_commitment_is_over_or_without_a_contact() -> None:
    operator = read_operator(EXAMPLE)
    assert written(operator, NOW + timedelta(days=400), URL) is None
    assert written(replace(operator, contacts=()), NOW, URL) is None


def test_places_without_https_are_left_out_and_no_value_begins_a_line() -> None:
    operator = read_operator(EXAMPLE)
    sly = replace(operator, disclosure=replace(operator.disclosure, languages=("en\nContact: mailto:evil@evil.test",)))
    found = fields(written(sly, NOW, "http://127.0.0.1:8080"))
    assert "Canonical" not in dict(found)
    assert [value for name, value in found if name == "Contact"] == ["mailto:security@lanternpost.example"]
