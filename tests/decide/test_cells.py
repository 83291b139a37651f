from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.cells import LISTS_MAX, cells
from gatepost.decide.conditions import Condition, compile_conditions
from gatepost.decide.fixtures import see_mail

LISTS = st.lists(st.sampled_from([".pdf", ".png", "image/*", "application/pdf"]), min_size=1, max_size=3, unique=True)
BOUNDS = st.fixed_dictionaries({}, optional={"over": st.integers(0, 30), "atMost": st.integers(0, 30)})
WANTED: dict[str, st.SearchStrategy[Any]] = {
    "tls": st.booleans(),
    "automatic": st.booleans(),
    "unreadAttachments": st.booleans(),
    "firstTime": st.booleans(),
    "hasAttachments": st.booleans(),
    "hiddenText": st.booleans(),
    "messageOctets": BOUNDS,
    "attachmentOctets": BOUNDS,
    "injectionScore": st.fixed_dictionaries(
        {}, optional={"atLeast": st.integers(0, 1_000), "below": st.integers(0, 1_000)}
    ),
    "techniques": st.lists(st.sampled_from(["display-none", "zero-size", "clipped"]), min_size=1, max_size=2),
    "language": st.lists(st.sampled_from(["de", "en", "fr"]), min_size=1, max_size=2),
    "scans": st.lists(st.sampled_from(["clean", "found", "unavailable"]), min_size=1, max_size=2),
    "attachmentTypes": LISTS,
    "otherAttachmentTypes": LISTS,
}
FILES = [
    {"name": name, "type": kind, **read}
    for name in ("a.pdf", "a.png", "a.exe")
    for kind in ("application/pdf", "image/png")
    for read in ({}, {"read": "encrypted"}, {"octets": 12})
]
MAILS = st.fixed_dictionaries(
    {
        "from": st.just("a@b.example"),
        "tls": st.booleans(),
        "automatic": st.booleans(),
        "firstTime": st.booleans(),
        "damaged": st.booleans(),
        "octets": st.integers(0, 40),
        "injectionScore": st.integers(0, 1_000),
        "techniques": st.lists(st.sampled_from(["display-none", "zero-size"]), max_size=1),
        "language": st.sampled_from(["de", "en", "ja"]),
        "scans": st.lists(st.sampled_from(["clean", "found"]), max_size=1),
        "attachments": st.lists(st.sampled_from(FILES), max_size=2),
    }
)


@given(st.data(), st.sampled_from(sorted(WANTED)), MAILS)
def test_every_mail_answers_as_one_of_the_cells_does(data: st.DataObject, name: str, mail: dict[str, Any]) -> None:
    wanted = data.draw(st.lists(WANTED[name], min_size=1, max_size=LISTS_MAX))
    conditions = [compile_conditions({name: each}, None)[0] for each in wanted]
    seen = see_mail(mail)
    answers = tuple(each.ask(seen) for each in conditions)
    found = cells(conditions)
    assert found is not None
    assert answers in found
    assert all(len(each) == len(conditions) for each in found)


def test_lists_that_overlap_in_too_many_ways_are_not_told_apart() -> None:
    lists = [Condition("attachmentTypes", [f".{end}"]) for end in "abcdef"]
    assert cells(lists[:LISTS_MAX]) is not None
    assert cells(lists) is None


@pytest.mark.parametrize("side", ["inside", "outside"])
def test_it_is_always_inside_or_outside_of_working_hours(side: str) -> None:
    conditions = [Condition("workingHours", (None, each)) for each in ("inside", "outside")]
    assert sorted(cells(conditions) or ()) == [(False, True), (True, False)]
    assert cells([Condition("workingHours", (None, side))]) is not None
    assert cells([Condition("unheard-of", [])]) is None
