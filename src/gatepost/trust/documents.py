"""The operator's published texts as a page shows them: as HTML, and whether somebody has read them. Pure.

What a text says is the operator's, but nothing of it runs: HTML in it is shown as text, and a link leads only to
https, mail or this house. A review is of octets: a text changed since its review is shown as unread.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from markdown_it import MarkdownIt

from gatepost.trust.operator import Operator
from gatepost.trust.registers import Document

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable("table").disable("image")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A document with its text's digest and its review.

    Attributes:
        is_as_reviewed: its octets are those somebody read.
        review_due: the day before which it must be read again.
    """

    document: Document
    text: str
    sha256: str
    is_as_reviewed: bool
    review_due: date
    is_overdue: bool

    @property
    def html(self) -> str:
        """The text as HTML in which nothing runs."""
        return rendered(self.text)


def rendered(text: str) -> str:
    """Return Markdown as HTML in which nothing runs."""
    return str(_MARKDOWN.render(text))


def published(operator: Operator, today: date) -> tuple[Published, ...]:
    """Return every document as it stands on a day, in the order of the register."""
    return tuple(_published(each, operator.text_of(each), today) for each in operator.documents)


def _published(document: Document, text: str, today: date) -> Published:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    due = document.reviewed_on + timedelta(days=document.review_days)
    return Published(
        document=document,
        text=text,
        sha256=sha256,
        is_as_reviewed=sha256 == document.reviewed_sha256,
        review_due=due,
        is_overdue=due < today,
    )
