import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import document
from gatepost.decide.diff import Change, diff
from gatepost.decide.language import PolicyError


def test_spelling_is_no_change() -> None:
    assert diff(document({"address": "boss@EXAMPLE.com"}), document({"address": "boss@example.com"})) == []


def test_each_change_has_its_place() -> None:
    after = document(capabilities=["reply"])
    after["senders"].append({"match": {"domain": "new.example"}})
    found = diff(document(), after)
    assert found[0] == Change("senders[0].capabilities", "[]", '["reply"]')
    assert (found[1].path, found[1].before) == ("senders[1]", "")
    with pytest.raises(PolicyError):
        diff(document(), {})


def _rules(*names: str, **changed: dict[str, Any]) -> dict[str, Any]:
    """Return a policy of rules of these names, each about a domain of its own."""
    rules = [{"name": name, "match": {"domain": f"{name}.example"}, **changed.get(name, {})} for name in names]
    return {**document(), "senders": rules}


def test_a_rule_put_before_the_others_is_one_change() -> None:
    (one,) = diff(_rules("a", "b", "c"), _rules("new", "a", "b", "c"))
    assert (one.path, one.before, one.stood) == ("senders[0]", "", "")
    (gone,) = diff(_rules("new", "a", "b", "c"), _rules("a", "b", "c"))
    assert (gone.path, gone.after) == ("senders[0]", "")


def test_a_change_within_a_rule_that_stands_elsewhere_names_both_places() -> None:
    (one,) = diff(_rules("a", "b"), _rules("new", "a", "b", b={"labels": ["x"]}))[1:]
    assert one == Change("senders[2].labels", "", '["x"]', "senders[1]")


def test_a_rule_that_was_moved_is_one_change_and_those_it_passed_are_none() -> None:
    (one,) = diff(_rules("a", "b", "c", "d"), _rules("d", "a", "b", "c"))
    assert (one.path, one.stood, one.before) == ("senders[0]", "senders[3]", one.after)


def test_a_guard_put_before_the_others_is_one_change() -> None:
    guards = [{"reject": word, "reason": "r"} for word in ("one", "two", "three")]
    before, after = ({**document(), "contentGuards": each} for each in (guards[1:], guards))
    assert [(each.path, each.before) for each in diff(before, after)] == [("contentGuards[0]", "")]


def test_of_a_long_list_only_who_came_and_went_is_told_and_its_order_is_nothing() -> None:
    people = [f"p{number}@a.example" for number in range(50)]
    before = {**document(), "groups": {"staff": people}}
    after = {**document(), "groups": {"staff": [*reversed(people[1:]), "new@a.example"]}}
    assert diff(before, after) == [
        Change("groups.staff", '"p0@a.example"', ""),
        Change("groups.staff", "", '"new@a.example"'),
    ]


def test_scores_and_times_of_day_are_told_as_they_are_written() -> None:
    hours = {"timeZone": "Europe/Berlin", "days": ["monday"], "from": "08:30", "to": "18:00"}
    before = {**document(when={"injectionScore": {"atLeast": 0.5}}), "workingHours": hours}
    after = {**document(when={"injectionScore": {"atLeast": 0.85}}), "workingHours": {**hours, "from": "09:00"}}
    assert diff(before, after) == [
        Change("senders[0].when.injectionScore.atLeast", "0.5", "0.85"),
        Change("workingHours.from", '"08:30"', '"09:00"'),
    ]


@given(st.permutations("abcdef"), st.lists(st.sampled_from("abcdefxyz"), unique=True))
def test_from_the_changes_the_order_of_the_later_document_can_be_told(one: list[str], other: list[str]) -> None:
    found = diff(_rules(*one), _rules(*other))
    at = {each.path: each for each in found if each.after}
    gone = {each.path for each in found if not each.after}
    kept = [name for index, name in enumerate(one) if f"senders[{index}]" not in gone]
    moved = {one[int(each.stood[8:-1])] for each in at.values() if each.stood}
    unmoved = iter([name for name in kept if name not in moved])
    told = [_told(at.get(f"senders[{index}]"), one) or next(unmoved) for index in range(len(other))]
    assert told == other


def _told(change: Change | None, one: list[str]) -> str:
    if change is None:
        return ""
    return one[int(change.stood[8:-1])] if change.stood else str(json.loads(change.after)["name"])
