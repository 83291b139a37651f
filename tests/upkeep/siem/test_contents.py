import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.contents import NONE_OF_OURS, leaf_hashes
from gatepost.upkeep.siem.event import native, writer
from gatepost.upkeep.siem.paper import Event, Format
from upkeep.siem.papers import decided, sent


@pytest.mark.parametrize("spelled", Format)
@pytest.mark.parametrize("event", [decided(), decided(opened={}), sent()], ids=["personal", "bare", "outbound"])
def test_each_format_carries_the_entry(event: Event, spelled: Format) -> None:
    assert leaf_hashes(json.loads(json.dumps(writer(spelled)(event)))) == {event.leaf_hash}


def test_one_copy_of_two_that_was_changed_shows() -> None:
    event = decided()
    raw = json.dumps(native(event)).replace('"deliver"', '"reject"')
    found = leaf_hashes({"_raw": raw, "event": native(event)})
    assert event.leaf_hash in found
    assert len(found) == 2


def test_a_leaf_that_lost_its_nulls_on_the_way_says_nothing() -> None:
    leaf = {name: value for name, value in decided().leaf.items() if value is not None}
    assert leaf_hashes({"leaf": leaf}) == frozenset()


def test_what_has_no_canonical_spelling_is_none_of_ours() -> None:
    deep: Any = None
    for _ in range(60):
        deep = [deep]
    assert leaf_hashes({"leaf": {"a": None, "b": deep}}) == {NONE_OF_OURS}


def test_what_a_stranger_wrote_is_not_taken_for_the_entry() -> None:
    event = decided(opened={"original": "{}", "sender": '{"leaf":{"a":null}}'})
    assert leaf_hashes(native(event)) == {event.leaf_hash}


@given(
    st.recursive(st.none() | st.text() | st.floats(), lambda inner: st.dictionaries(st.text() | st.just("leaf"), inner))
)
def test_anything_can_be_read(value: object) -> None:
    leaf_hashes(value)
    leaf_hashes({"_raw": json.dumps(value), "leaf": value})
