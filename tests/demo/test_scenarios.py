"""The demo's mails are what they claim to be: two foreign verifiers agree with the verdicts we expect."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import dkim
import dns.message
import pytest

import scenarios
import zone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyspf 2.0.14 holds unescaped backslashes
    import spf

AGENT = "agent@house.example"
POLICY = Path(scenarios.__file__).with_name("policy.json")
DECIDED = [scenario for scenario in scenarios.SCENARIOS if scenario.is_decided]
NAMES = [
    *("signed-boss", "forged-boss", "dkim-unaligned", "dkim-broken-body"),
    *("forwarded-trusted-arc", "forwarded-untrusted-arc"),
    *("no-rule", "guard-hit", "hidden-html", "over-rate", "over-budget"),
    *("unknown-recipient", "bare-lf", "too-big", "malformed-mime"),
]


@pytest.fixture(scope="module")
def stage() -> scenarios.Stage:
    return scenarios.Stage(scenarios.internet(), AGENT, 100_000)


@pytest.fixture(scope="module")
def names(stage: scenarios.Stage) -> zone.Zone:
    found = zone.Zone()
    for domain in stage.domains.values():
        for record in domain.records():
            found.add(*record)
    return found


@pytest.fixture(scope="module")
def txt(names: zone.Zone) -> Callable[..., bytes | None]:
    def ask(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001  # dkimpy's signature
        answer = names.answer(dns.message.make_query(name.decode(), "TXT")).answer
        return b"".join(answer[0][0].strings) if answer else None

    return ask


def by_name(name: str) -> scenarios.Scenario:
    return next(scenario for scenario in scenarios.SCENARIOS if scenario.name == name)


def test_the_fifteen_names_are_the_promised_ones() -> None:
    assert [scenario.name for scenario in scenarios.SCENARIOS] == NAMES


@pytest.mark.parametrize("scenario", DECIDED, ids=lambda scenario: scenario.name)
def test_dkimpy_finds_the_dkim_and_arc_verdicts_we_expect(
    scenario: scenarios.Scenario, stage: scenarios.Stage, txt: Callable[..., bytes | None]
) -> None:
    raw = scenario.letter(stage).raw
    is_signed = bool(_field(raw, b"DKIM-Signature"))
    found = {True: "pass", False: "fail"}[dkim.verify(raw, dnsfunc=txt)] if is_signed else "none"
    assert found == scenario.verdicts.dkim
    chain, _, _ = dkim.arc_verify(raw, dnsfunc=txt)
    assert chain.decode() == scenario.verdicts.arc


@pytest.mark.parametrize("scenario", DECIDED, ids=lambda scenario: scenario.name)
def test_pyspf_finds_the_spf_verdict_we_expect(scenario: scenarios.Scenario, stage: scenarios.Stage) -> None:
    letter = scenario.letter(stage)
    asked = spf.query(i=letter.source, s=letter.mail_from, h=letter.helo)
    for domain in stage.domains.values():
        for name, rdtype, text in domain.records():
            asked.cache.setdefault((name, rdtype), []).append((text.encode(),))
    assert asked.check()[0] == scenario.verdicts.spf


@pytest.mark.parametrize("scenario", DECIDED, ids=lambda scenario: scenario.name)
def test_alignment_follows_from_the_passing_identities(scenario: scenarios.Scenario, stage: scenarios.Stage) -> None:
    letter, verdicts = scenario.letter(stage), scenario.verdicts
    author = _field(letter.raw, b"From").rpartition("@")[2]
    signer = next((tag[3:-1] for tag in _field(letter.raw, b"DKIM-Signature").split() if tag.startswith("d=")), "")
    proven = {
        letter.mail_from.rpartition("@")[2] if verdicts.spf == "pass" else "",
        signer if verdicts.dkim == "pass" else "",
    }
    assert verdicts.aligned == (author in proven)
    assert verdicts.dmarc == ("pass" if author in proven else "fail")


def test_the_mail_before_comes_from_the_same_author(stage: scenarios.Stage) -> None:
    for scenario in scenarios.SCENARIOS:
        if scenario.first is not None:
            assert scenario.first(stage).mail_from == scenario.letter(stage).mail_from


def test_every_letter_has_a_message_id_of_its_own(stage: scenarios.Stage) -> None:
    letters = [make(stage) for s in scenarios.SCENARIOS for make in (s.first, s.letter) if make is not None]
    assert len({_field(letter.raw, b"Message-ID") for letter in letters}) == len(letters)


def test_only_the_bare_lf_mail_has_a_line_that_crlf_does_not_end(stage: scenarios.Stage) -> None:
    for scenario in scenarios.SCENARIOS:
        rest = scenario.letter(stage).raw.replace(b"\r\n", b"")
        assert (b"\n" in rest) == (scenario.name == "bare-lf")


def test_the_big_mail_is_bigger_than_announced(stage: scenarios.Stage) -> None:
    assert len(by_name("too-big").letter(stage).raw) > stage.size_octets


def test_the_policy_knows_everybody_but_the_shop_and_the_crook() -> None:
    policy = json.loads(POLICY.read_text())
    matched = {rule["match"].get("address") or rule["match"]["domain"] for rule in policy["senders"]}
    assert matched == {scenarios.BOSS, scenarios.CAROL, scenarios.DAVE, "monitor.example"}


def _field(raw: bytes, name: bytes) -> str:
    """Return a header field's unfolded value, empty where there is none."""
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(name.lower() + b":"):
            return line.partition(b":")[2].decode().strip()
    return ""
