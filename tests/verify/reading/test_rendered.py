"""The human view against what Chromium shows of the same mails (``chromium.py`` wrote it down)."""

import gzip
import json
import re
from collections import Counter
from typing import Any

import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.characters import clean
from gatepost.verify.reading.marks import Marks
from verify.reading import pixels
from verify.reading.chromium import CARRIED, RENDERED, carriers, mails

EXPLAINED = {
    # innerText counts what has no size; the text nodes that have one are "fi" and "sh", as we read them.
    "rspamd/messages_zerofont#1": "inner",
}


def words(text: str) -> list[str]:
    """The words, as spoken: style sheets change the case of letters, and zero-width characters part nothing."""
    return re.findall(r"\w+", clean(text, "x", 0, Marks()).casefold())


@pytest.fixture(scope="module")
def views() -> list[tuple[str, list[str], dict[str, str]]]:
    lines = gzip.decompress(RENDERED.read_bytes()).splitlines()
    rendered = {row["id"]: row for row in map(json.loads, lines)}
    return [(name, words(html_page.read(source, 0, Marks()).human), rendered[name]) for name, source in mails()]


def test_of_more_than_a_hundred_mails_people_see_the_words_we_say_they_see(
    views: list[tuple[str, list[str], dict[str, str]]],
) -> None:
    """The same words, each as often; a browser moves text that stands between table rows to another place."""
    assert len(views) > 100
    differing = {name for name, ours, theirs in views if Counter(ours) != Counter(words(theirs["inner"]))}
    assert differing == {name for name, text in EXPLAINED.items() if text == "inner"}
    assert sum(ours == words(theirs["inner"]) for _, ours, theirs in views) >= len(views) - 7


def test_what_has_a_place_on_the_page_is_what_we_show(views: list[tuple[str, list[str], dict[str, str]]]) -> None:
    """Text nodes may be parts of words, so letters are compared."""
    differing = [
        name
        for name, ours, theirs in views
        if Counter("".join(ours)) != Counter("".join(words(theirs["seen"].replace("\x01", " "))))
    ]
    assert differing == []


SECRET = "SECRET ORDER"


@pytest.fixture(scope="module")
def carried() -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in map(json.loads, CARRIED.read_text(encoding="utf-8").splitlines())}


@pytest.mark.parametrize("name", sorted(carriers()))
def test_words_kept_from_the_eye_are_not_in_the_human_view_and_have_their_span(
    name: str, carried: dict[str, dict[str, str]]
) -> None:
    """Masks, paths and covers leave words their size and place, so there Chromium's texts hold them all the same."""
    marks = Marks()
    is_shown = SECRET in html_page.read(carriers()[name], 0, marks).human
    assert not is_shown
    assert any(SECRET in span.text for span in marks.spans)
    assert carried[name]["inner"] or carried[name]["seen"], "Chromium opened it"


def test_chromium_agrees_on_most_carriers(carried: dict[str, dict[str, str]]) -> None:
    unseen = {name for name, row in carried.items() if not (SECRET in row["inner"] and SECRET in row["seen"])}
    assert set(carried) == set(carriers())
    assert len(unseen) > 60


@pytest.mark.parametrize("body", pixels.bodies("bodies"), ids=lambda body: body["id"])
def test_words_are_in_the_human_view_if_chromium_paints_them_and_else_a_span(body: dict[str, Any]) -> None:
    marks = Marks()
    is_shown = SECRET in html_page.read(body["html"], 0, marks).human
    assert is_shown is body["is_seen"]
    assert is_shown is not any(SECRET in span.text for span in marks.spans)


@pytest.mark.parametrize("name", ["bodies", "blind", "fourth"])
def test_both_kinds_of_bodies_are_many(name: str) -> None:
    seen = [body["is_seen"] for body in pixels.bodies(name)]
    assert min(seen.count(True), seen.count(False)) >= 12


WRONG = {
    # what lies upon what, and other things that take a browser's layout
    "a-cover-outline", "a-svg-text-covered", "a-margin-above-page", "a-fixed-table-zero", "a-grid-zero-track",
    "a-cover-svg", "a-cover-border", "a-cover-backdrop-filter", "a-perspective-far", "a-word-spacing-out",
    # taken for hidden though Chromium paints them
    "h-last-row-hidden-rule", "h-not-has-image", "h-alt-text", "h-select-list", "h-field-value",
    "h-z-minus-inside-stack", "a-tiny-by-steps", "a-letter-spacing-out", "h-overflow-clip-margin",
    "h-animation-paused", "a-canvas-fallback", "a-size-em-chain", "a-letter-spacing-stack", "h-input-value",
    "h-iframe-srcdoc",
    # a box's own width decides
    "a-container-wide", "h-container-narrow",
}  # fmt: skip
"""Bodies written before the code was looked at that are read otherwise than Chromium paints them; none may join."""


def test_of_bodies_written_blind_no_more_are_read_wrongly_than_were() -> None:
    wrong = set()
    for body in [body for name in ("blind", "newer", "fourth") for body in pixels.bodies(name)]:
        marks = Marks()
        is_shown = SECRET in html_page.read(body["html"], 0, marks).human
        assert is_shown is not any(SECRET in span.text for span in marks.spans), body["id"]
        if is_shown is not body["is_seen"]:
            wrong.add(body["id"])
    assert wrong == WRONG
