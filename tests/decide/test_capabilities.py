"""The one list of capabilities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide import capabilities

names = st.sampled_from([*capabilities.SENTENCES, *capabilities.ALIASES, "http:crm", "own-word"])


def test_every_capability_has_a_sentence() -> None:
    for name, said in capabilities.SENTENCES.items():
        assert said.endswith("."), name
        assert capabilities.sentence_of(name) == said


@pytest.mark.parametrize("name", ["http:crm", "mcp:files/read_file", "read_calendar", "confirm_meeting"])
def test_tools_and_names_of_other_documents_are_known(name: str) -> None:
    assert capabilities.is_known(name)
    assert capabilities.sentence_of(name)


@pytest.mark.parametrize("name", ["", "http:", "http:*", "mcp:files", "mcp:files/*", "mcp:a/b/c", "Send", "http:crm\n"])
def test_what_is_not_listed_is_unknown(name: str) -> None:
    assert not capabilities.is_known(name)
    assert capabilities.sentence_of(name) == ""


def test_reading_answering_bouncing_and_accounting_are_implied_and_nothing_else_is() -> None:
    implied = {name for name in capabilities.SENTENCES if capabilities.allows((), name)}
    assert implied == {"read", "reply", "bounce", "report_usage"}


def test_what_can_be_done_on_its_own_is_listed_and_never_implied() -> None:
    assert set(capabilities.ON_ITS_OWN) <= set(capabilities.SENTENCES) - capabilities.IMPLIED


def test_an_alias_grants_what_it_stands_for_and_the_other_way_round() -> None:
    assert capabilities.allows(["read_calendar"], "calendar.read")
    assert capabilities.allows(["calendar.read"], "read_calendar")
    assert not capabilities.allows(["read_calendar"], "calendar.confirm")


def test_one_tool_does_not_grant_another() -> None:
    assert not capabilities.allows(["http:crm"], "http:crm2")
    assert not capabilities.allows(["mcp:files/read"], "mcp:files/write")


@given(st.lists(names), st.lists(names), names)
def test_what_two_grants_have_in_common_allows_what_both_allow(
    first: list[str], second: list[str], wanted: str
) -> None:
    both = capabilities.allows(first, wanted) and capabilities.allows(second, wanted)
    assert capabilities.allows(capabilities.common(first, second), wanted) == both


@given(st.lists(names), st.lists(names))
def test_common_keeps_the_order_and_spelling_of_the_first(first: list[str], second: list[str]) -> None:
    found = capabilities.common(first, second)
    assert [name for name in first if name in found][: len(found)] or not found
    assert set(found) <= set(first)
    assert len(set(map(capabilities.canonical, found))) == len(found)
