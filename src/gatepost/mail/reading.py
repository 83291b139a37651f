"""One message as it was read at arrival: what every later room and every door is given of it. Values only.

They stand here and not in ``verify``, which alone writes them, because the mailbox keeps them.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from gatepost.mail.kinds import Begins, File
from gatepost.mail.mime import Part


class Technique(StrEnum):
    """Why words stand in a mail otherwise than a person reads them there."""

    # What style keeps from the eye.
    DISPLAY_NONE = "display-none"
    VISIBILITY_HIDDEN = "visibility-hidden"
    ZERO_SIZE = "zero-size"
    ZERO_OPACITY = "zero-opacity"
    SAME_COLOUR = "same-colour"
    OFF_SCREEN = "off-screen"
    CLIPPED = "clipped"
    UNREAD_STYLE = "unread-style"  # rules that nobody here could read or follow to their end
    # What HTML holds without showing it.
    HIDDEN_ATTRIBUTE = "hidden-attribute"
    HTML_COMMENT = "html-comment"
    NOT_RENDERED = "not-rendered"  # template, noscript, head, object and their like
    META = "meta"
    ALT_TEXT = "alt-text"
    TITLE_TEXT = "title-text"
    LABEL_TEXT = "label-text"  # aria-label, summary and their like
    FORM_VALUE = "form-value"
    # Characters that are not what they look like, or look like nothing.
    TAG_CHARACTERS = "tag-characters"
    VARIATION_SELECTORS = "variation-selectors"
    ZERO_WIDTH = "zero-width"
    UNSEEN_CHARACTER = "unseen-character"  # within words, which are whole without it
    BIDI_OVERRIDE = "bidi-override"
    FULL_WIDTH = "full-width"
    HOMOGLYPH = "homoglyph"
    HOMOGLYPH_DOMAIN = "homoglyph-domain"
    ENCODED_WORD = "encoded-word"
    # Words that say one thing and mean another.
    MISMATCHED_LINK = "mismatched-link"
    MISMATCHED_MENTION = "mismatched-mention"  # a link whose words, or whose picture's, name another host among others
    PLAIN_HTML_MISMATCH = "plain-html-mismatch"
    BASE64_PAYLOAD = "base64-payload"
    # Places nobody looks at, or that somebody else wrote.
    PREAMBLE = "preamble"
    EPILOGUE = "epilogue"
    HEADER = "header"
    DISPLAY_NAME = "display-name"
    LONG_SUBJECT = "long-subject"
    FILE_NAME = "file-name"
    CALENDAR = "calendar"
    ATTACHMENT_TEXT = "attachment-text"
    QUOTED_HISTORY = "quoted-history"


UNSEEN = frozenset(
    {
        Technique.DISPLAY_NONE, Technique.VISIBILITY_HIDDEN, Technique.ZERO_SIZE, Technique.ZERO_OPACITY,
        Technique.SAME_COLOUR, Technique.OFF_SCREEN, Technique.CLIPPED, Technique.HIDDEN_ATTRIBUTE,
        Technique.NOT_RENDERED, Technique.HTML_COMMENT, Technique.META, Technique.ALT_TEXT, Technique.TITLE_TEXT,
        Technique.LABEL_TEXT, Technique.FORM_VALUE, Technique.TAG_CHARACTERS, Technique.VARIATION_SELECTORS,
        Technique.ZERO_WIDTH, Technique.PLAIN_HTML_MISMATCH, Technique.PREAMBLE, Technique.EPILOGUE,
    }
)  # fmt: skip
"""Techniques whose words no mail program shows in the body."""


@dataclass(frozen=True, slots=True)
class Span:
    """Words in which a machine's reading of a mail differs from a person's, and why.

    Attributes:
        place: the text they lie in: ``subject``, ``text`` (``Content.plain``), ``html`` (``Content.html``), ``human``
            and ``quoted`` (of this reading), ``attachment:N`` (the text of the attachment that is part N); of
            ``header:NAME``, ``preamble``, ``epilogue`` and ``file-name:N`` no more is kept than the span itself.
        start, end: characters of that text, half open.
        text: what a model would make of them: tag characters spell ASCII, base64 is decoded, character references are
            resolved; of quoted history and of an attachment's text, which are kept whole, ``MAX_SPAN_CHARS``.
    """

    technique: Technique
    place: str
    start: int
    end: int
    text: str


MAX_SPAN_CHARS = 20_000


class Extraction(StrEnum):
    """What became of the text of an attachment."""

    NOT_TRIED = "not-tried"  # no kind of file we read text from
    DONE = "done"
    CUT = "cut"  # there is more than we keep
    ENCRYPTED = "encrypted"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One leaf of the MIME tree that is listed rather than only shown.

    Attributes:
        size_octets: counted decoded.
        text: what a separate process found in it; empty unless ``extraction`` says so.
        begins: what its first octets show.
    """

    part: int
    filename: str
    content_type: str
    size_octets: int
    text: str = ""
    extraction: Extraction = Extraction.NOT_TRIED
    begins: Begins = Begins.UNKNOWN

    @property
    def file(self) -> File:
        """What speaks for the kind of file it is."""
        return File(self.content_type, self.filename, self.begins)


@dataclass(frozen=True, slots=True)
class ModelView:
    """What an agent is given: Markdown, links with their real targets; one writer's words apart from another's.

    Attributes:
        text: what this mail's author says, without the two below.
        quoted: the history of the conversation as this author tells it, for it proves nothing.
        signature: what stands below the author's words in all of their mails.
    """

    text: str
    quoted: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as people and as machines read it, and where the two differ. Strangers' words, data only.

    Attributes:
        human: the body as a mail program shows it.
        spans: the differences; see ``is_cut``.
        parts: the MIME tree, depth first, by offsets into the message as received: whoever needs a part slices it.
        is_malformed: the structure could not be read as written.
        used_fallback: a part's octets were not what its header says, so that readers will differ.
        is_cut: there was more text, or more spans, than we keep.
    """

    human: str
    model: ModelView
    spans: tuple[Span, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    parts: tuple[Part, ...] = ()
    is_malformed: bool = False
    used_fallback: bool = False
    is_cut: bool = False

    @property
    def leaves(self) -> tuple[Part, ...]:
        """The parts that hold no others; attachment ``number`` is in the one before that place."""
        return tuple(part for part in self.parts if not part.is_multipart)

    def leaf(self, number: int) -> Part:
        """Return the part that holds attachment ``number``; raises IndexError where there is none."""
        return self.leaves[number - 1]


def to_json(reading: Reading) -> dict[str, Any]:
    """Return a reading as what JSON can hold; what the two views share is written once."""
    model = reading.model
    return {
        "human": reading.human,
        "model": [None if model.text == reading.human else model.text, model.quoted, model.signature],
        "spans": [[span.technique, span.place, span.start, span.end, span.text] for span in reading.spans],
        "attachments": [
            [one.part, one.filename, one.content_type, one.size_octets, one.text, one.extraction, one.begins]
            for one in reading.attachments
        ],
        "parts": list(map(_part_fields, reading.parts)),
        "flags": [reading.is_malformed, reading.used_fallback, reading.is_cut],
    }


def from_json(written: dict[str, Any]) -> Reading:
    """Return the reading that ``to_json`` wrote."""
    text, quoted, signature = written["model"]
    is_malformed, used_fallback, is_cut = written["flags"]
    return Reading(
        human=written["human"],
        model=ModelView(written["human"] if text is None else text, quoted, signature),
        spans=tuple(Span(Technique(technique), *rest) for technique, *rest in written["spans"]),
        attachments=tuple(
            Attachment(part, filename, content_type, size, found, Extraction(outcome), *map(Begins, begins))
            for part, filename, content_type, size, found, outcome, *begins in written["attachments"]
        ),
        parts=tuple(Part(*fields) for fields in written["parts"]),
        is_malformed=is_malformed,
        used_fallback=used_fallback,
        is_cut=is_cut,
    )


def file_names(written: dict[str, Any]) -> tuple[str, ...]:
    """Return the attachments' names of a reading as ``to_json`` wrote it."""
    return tuple(filename for _, filename, *_ in written["attachments"])


def of_text(text: str) -> Reading:
    """Return the reading of a text that is nothing else: both views are that text."""
    return Reading(text, ModelView(text))


_part_fields = attrgetter(*(field.name for field in fields(Part)))
