from dataclasses import replace

import pytest

from gatepost.trust import Operator, read_operator
from gatepost.trust.borrowed import borrowed
from trust.scene import EXAMPLE


def renamed() -> Operator:
    """Return the example under another company's name, and with nothing else changed."""
    operator = read_operator(EXAMPLE)
    return replace(operator, entity=replace(operator.entity, name="Heron Post BV"))


def test_the_example_may_speak_for_itself() -> None:
    assert list(borrowed(read_operator(EXAMPLE))) == []


@pytest.mark.parametrize(
    "where",
    [
        "operator.toml: entity: 'Lanternpost'",
        "operator.toml: place: 'Crag Hosting'",
        "registration ico: 'ZX000017'",
        "transfer addendum-names: 'Wayfinder DNS'",
        "disclosure.toml: 'lanternpost.example'",
        "contacts.toml: security: 'security@lanternpost.example'",
        "oncall.toml: member 2: 'oncall-a@lanternpost.example'",
        "policies/information-security.md:3: 'Lanternpost'",
        "agreement/agreement.md:3: 'Lanternpost'",
        "notes/disclosure.md:6: 'lanternpost.example'",
        "statement founder: 'Lanternpost'",
        "supplier mail-software: 'Lanternpost'",
    ],
)
def test_another_company_is_told_where_the_example_still_speaks(where: str) -> None:
    assert any(each.startswith(where) for each in borrowed(renamed())), list(borrowed(renamed()))


@pytest.mark.parametrize(
    ("text", "is_borrowed"),
    [
        ("Written by Heron Post BV.", False),
        ("Write to security@heron.nl, for example.", False),
        ("Documentation uses mail.example.com.", False),
        ("The test of a restore.", False),
        ("Write to security@heron.example.", True),
        ("LANTERNPOST answers.", True),
        ("In scope: mail.gatepost.test.", True),
    ],
)
def test_only_what_is_nobodys_is_told(text: str, *, is_borrowed: bool) -> None:
    operator = replace(renamed(), texts={**renamed().texts, "policies/access.md": text})
    said = [each for each in borrowed(operator) if each.startswith("policies/access")]
    assert bool(said) is is_borrowed


def test_every_supplier_of_the_example_is_known_to_be_invented() -> None:
    said = "\n".join(borrowed(renamed()))
    suppliers = [each for each in renamed().suppliers if each.package != "gatepost"]
    assert suppliers
    assert all(f"supplier {each.id}: {each.name!r}" in said for each in suppliers)
