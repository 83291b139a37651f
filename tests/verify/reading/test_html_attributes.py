import pytest

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_attributes, html_page
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
        ("https://kim:x@bank.example:8443/a?b#c", "https://evil.example", True),
        ("https://bank.example@evil.example/", "https://evil.example/", True),
        ("www.bank.example.", "https://login.bank.example:443./", False),
        ("bank.co.uk", "https://shop.co.uk", True),
        ("github.io", "https://evil.github.io", True),
        ("b\u00fccher.example", "https://xn--bcher-kva.example", False),
        ("bank\u3002example", "https://bank.example", False),
        ("bank.example", "https://b\u0430nk.example", True),
        ("xn--bnk-7cd.example", "https://bank.example", True),
        ("bank.example", "https://203.0.113.5/", True),
        ("kim@bank.example", "mailto:kim@evil.example?subject=x", True),
        ("kim@bank.example", "mailto:desk%40help.bank.example", False),
    ],
)
def test_a_link_must_lead_where_its_text_says(text: str, target: str, is_noted: bool) -> None:  # noqa: FBT001  # a table
    marks = Marks()
    html_attributes.compare_link(text, target, 0, 1, marks)
    assert bool(marks.spans) is is_noted


@pytest.mark.parametrize(
    ("text", "pictured", "target", "is_noted"),
    [
        ("Log in at bank.example now", "", "https://evil.example", True),
        ("Log in at https://www.bank.example/login (safe)", "", "https://evil.example", True),
        ("at https://bank.example@evil.example/ now", "", "https://evil.example", True),
        ("Log in at bank.example now", "", "https://news.bank.example", False),
        ("Compare bank.example and shop.example", "", "https://shop.example", False),
        ("", "bank.example logo", "https://evil.example", True),
        ("", "Our logo", "https://evil.example", False),
        ("See notes.txt and Node.js 1.2", "", "https://evil.example", False),
        ("Unsubscribe kim@bank.example", "", "https://clicks.example", False),
        ("Hello. Bye", "", "https://evil.example", False),
    ],
)
def test_a_host_among_words_or_in_place_of_a_picture_is_told_apart(
    text: str,
    pictured: str,
    target: str,
    is_noted: bool,  # noqa: FBT001
) -> None:
    marks = Marks()
    html_attributes.compare_link(text, target, 0, 1, marks, pictured=pictured)
    assert [span.technique for span in marks.spans] == [Technique.MISMATCHED_MENTION] * is_noted


def test_a_picture_in_a_link_speaks_for_it() -> None:
    marks = Marks()
    html_page.read("<a href='https://evil.example/x'><img src=i alt='bank.example'></a>", 0, marks)
    (span,) = (one for one in marks.spans if one.technique is Technique.MISMATCHED_MENTION)
    assert span.text == "bank.example -> https://evil.example/x"
