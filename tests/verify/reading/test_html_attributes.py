import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_attributes
from gatepost.verify.reading.html_scan import Start
from gatepost.verify.reading.marks import Marks


def test_only_words_are_noted_not_settings() -> None:
    marks = Marks()
    attributes = {
        "content": "width=device-width;initial-scale=1", "title": "Logo", "data-id": "42 17", "class": "two words",
        "alt": "two words",
    }  # fmt: skip
    html_attributes.read(Start("img", attributes, 5, 20), 100, marks)
    (span,) = marks.spans
    assert (span.technique, span.start, span.end, span.text) == (Technique.ALT_TEXT, 105, 120, "two words")


@pytest.mark.parametrize(
    ("text", "target", "is_noted"),
    [
        ("bank.example", "https://evil.example", True),
        ("https://bank.example/x", "https://bank.example.evil.example/x", True),
        ("bank.example", "https://www.bank.example", False),
        ("here", "https://evil.example", False),
        ("bank.example", "mailto:x@evil.example", False),
    ],
)
def test_a_link_must_lead_where_its_text_says(text: str, target: str, is_noted: bool) -> None:  # noqa: FBT001  # a table
    marks = Marks()
    html_attributes.compare_link(text, target, 0, 1, marks)
    assert bool(marks.spans) is is_noted
