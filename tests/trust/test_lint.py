from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gatepost.trust import Claim, ClaimClass, read_operator
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.lint import faults, faults_of_claim
from gatepost.trust.paper import Attestation
from trust.scene import EXAMPLE, copied

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CHECKS = frozenset(CATALOGUE)
GOOD = Claim(
    id="X1",
    text="Every door refuses TLS 1.1.",
    topic="doors",
    claim_class=ClaimClass.PROBE,
    owner="keeper",
    cadence=timedelta(minutes=5),
    check="tls.floor",
)
WORD = Attestation(by="keeper", on=date(2026, 10, 1), until=date(2027, 3, 1))


def test_nothing_is_said_against_the_example() -> None:
    assert faults(read_operator(EXAMPLE), CHECKS, NOW) == []


@pytest.mark.parametrize(
    "text",
    [
        "We take security seriously.",
        "Our encryption is industry-standard.",
        "We are working towards ISO 27001.",
        "We strive to answer.",
        "Lanternpost is fully compliant.",
        "We are GDPR compliant.",
        "The log is immutable.",
        "Appropriate measures are taken.",
        "State-of-the-art protection.",
        "Backups are in progress.",
        "We follow industry best practices for security.",
        "Your data is completely safe with us.",
        "We use enterprise-grade encryption everywhere.",
        "Security is our top priority.",
        "We do everything we can to protect you.",
        "Access is reviewed regularly.",
        "We respond quickly to incidents.",
        "The platform complies with the GDPR.",
        "We are in compliance with ISO 27001.",
        "We are ISO 27001 certified.",
        "Incidents are handled promptly and in a timely manner.",
        "The service is highly available.",
        "It is secure by design.",
        "We offer next-generation protection.",
    ],
)
def test_a_word_that_cannot_be_checked_is_refused(text: str) -> None:
    (fault, *_) = faults_of_claim(replace(GOOD, text=text), NOW)
    assert "cannot be checked" in fault


@pytest.mark.parametrize("owner", ["", "TBD", "nobody", "-"])
def test_a_claim_has_an_owner(owner: str) -> None:
    assert list(faults_of_claim(replace(GOOD, owner=owner), NOW)) == ["claim X1: nobody owns it"]


def test_a_sentence_with_nothing_behind_it_is_refused() -> None:
    (fault,) = faults_of_claim(replace(GOOD, check=""), NOW)
    assert "neither a check nor an attestation" in fault
    assert not list(faults_of_claim(replace(GOOD, check="", withdrawn="gone"), NOW))
    assert not list(faults_of_claim(replace(GOOD, check="", not_applicable="no doors"), NOW))


def test_an_attestation_that_ended_is_refused() -> None:
    claim = replace(GOOD, check="", claim_class=ClaimClass.ATTESTED, attestation=WORD)
    assert not list(faults_of_claim(claim, NOW))
    (fault,) = faults_of_claim(claim, datetime(2027, 3, 2, tzinfo=UTC))
    assert "ended" in fault
    assert not list(faults_of_claim(claim, datetime(2027, 3, 1, 23, 59, tzinfo=UTC)))


def test_an_attestation_holds_for_a_year_at_most() -> None:
    claim = replace(GOOD, attestation=replace(WORD, until=date(2027, 10, 3)))
    (fault,) = faults_of_claim(claim, NOW)
    assert "a year at most" in fault


def test_a_claim_is_not_looked_at_once_in_ten_years() -> None:
    (fault,) = faults_of_claim(replace(GOOD, cadence=timedelta(minutes=5_256_000)), NOW)
    assert "too seldom for a probe" in fault


def test_a_word_of_tomorrow_and_a_word_called_a_probe_are_refused() -> None:
    word = replace(WORD, on=date(2026, 11, 21))
    claim = replace(GOOD, check="", claim_class=ClaimClass.ATTESTED, attestation=word)
    assert [fault for fault in faults_of_claim(claim, NOW) if "still to come" in fault]
    (fault,) = faults_of_claim(replace(GOOD, check="", attestation=WORD), NOW)
    assert "only a word stands behind it" in fault


def test_an_owner_is_somebody_of_the_register() -> None:
    operator = read_operator(EXAMPLE)
    first, *others = operator.claims
    found = faults(replace(operator, claims=(replace(first, owner="x"), *others)), CHECKS, NOW)
    assert found == [f"claim {first.id}: 'x' owns it, and people.toml has no such role or reference"]


def test_what_is_called_planned_is_said_to_be_absent() -> None:
    operator = read_operator(EXAMPLE)
    first = operator.documents[0]
    text = "1. *Planned, [A31](/trust/claims/A31), [A1](/trust/claims/A1):* it is backed up.\n"
    texts = {**operator.texts, first.file: text}
    found = faults(replace(operator, texts=texts), CHECKS, NOW)
    assert [fault for fault in found if "called planned" in fault] == [
        f"{first.file}: A1 is called planned, and claims.toml does not say what would have to be built"
    ]


def test_a_missing_row_and_an_unknown_check_are_named() -> None:
    operator = read_operator(EXAMPLE)
    found = faults(replace(operator, claims=operator.claims[1:]), CHECKS, NOW)
    assert any("no stand is taken on A1:" in fault for fault in found)
    assert any("there is no check tls.floor" in fault for fault in faults(operator, CHECKS - {"tls.floor"}, NOW))


def test_a_review_that_is_due_is_named() -> None:
    found = faults(read_operator(EXAMPLE), CHECKS, NOW + timedelta(days=400))
    assert any("policies/access.md: its review was due" in fault for fault in found)


@pytest.mark.parametrize(("octets", "fault"), [(b"", "is empty"), (b"Caf\xe9 rules.\n", "is not UTF-8")])
def test_a_text_that_nobody_can_read_is_named(tmp_path: Path, octets: bytes, fault: str) -> None:
    folder = copied(tmp_path)
    (folder / "policies" / "access.md").write_bytes(octets)
    (said,) = [each for each in faults(read_operator(folder), CHECKS, NOW) if "access.md" in each]
    assert fault in said


def test_a_way_out_names_a_purpose_a_supplier_and_who_owns_it(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with (folder / "residency.toml").open("a") as file:
        for purpose, supplier in (("carrier pigeon", ""), ("scan", "nobody-known")):
            file.write(f'[[ways_out]]\npurpose = "{purpose}"\nregion = "GB"\nmechanism = "none"\nowner = "tbd"\n')
            file.write(f'supplier = "{supplier}"\nby_customers = true\n')
    said = "\n".join(faults(read_operator(folder), CHECKS, NOW))
    assert "ways_out carrier pigeon: there is no such purpose" in said
    assert "ways_out scan: customers do not name these" in said
    assert "suppliers.toml has no supplier nobody-known" in said
    assert "ways_out scan: nobody owns it" in said
    plain = replace(read_operator(EXAMPLE).ways_out[0], supplier="")
    (fault,) = [
        each for each in faults(replace(read_operator(EXAMPLE), ways_out=(plain,)), CHECKS, NOW) if "ways" in each
    ]
    assert "ways_out dns: nobody says who is reached" in fault


def test_a_claim_about_a_row_that_is_gone_is_named() -> None:
    operator = replace(read_operator(EXAMPLE), suppliers=(), contacts=(), registrations=())
    said = faults(operator, CHECKS, NOW)
    assert "claim A35: suppliers have no payments; add it, or say why the claim does not apply" in said
    assert "claim A5: contacts have no security; add it, or say why the claim does not apply" in said
    assert any(each.startswith("claim A24: registrations have no ") for each in said)


def test_the_examples_name_in_another_companys_folder_is_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    entity = folder / "operator.toml"
    entity.write_text(entity.read_text().replace("Lanternpost", "Heron Post"))
    said = faults(read_operator(folder), CHECKS, NOW)
    assert "policies/information-security.md:3: 'Lanternpost' is the example's; put your own in its place" in said
