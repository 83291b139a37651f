"""Words in a header that a person does not read there, or reads otherwise."""

import re
from functools import lru_cache

from gatepost.mail.encoded_word import decode_text
from gatepost.mail.fields import Field, Header
from gatepost.verify.paper import Technique
from gatepost.verify.reading.characters import clean
from gatepost.verify.reading.domains import looks_like_another
from gatepost.verify.reading.marks import Marks

MAX_FIELDS = 200
"""Fields looked at for prose."""
LIST_CHARS = 60
"""What a list of mails on a desk shows of a subject; on a phone it is less."""
NAME_CHARS = 40
NAME_WORDS = 4
"""So many without a capital are a sentence."""
_PROSE_SPACES = 3

_PEOPLE = (b"from", b"sender", b"reply-to")
_STRUCTURED = frozenset(
    {
        b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"date", b"message-id", b"in-reply-to",
        b"references", b"return-path", b"received", b"received-spf", b"authentication-results", b"dkim-signature",
        b"domainkey-signature", b"arc-seal", b"arc-message-signature", b"arc-authentication-results", b"mime-version",
        b"content-type", b"content-transfer-encoding", b"content-disposition", b"content-language", b"content-id",
        b"delivered-to", b"list-unsubscribe", b"list-id", b"list-post", b"list-help", b"list-subscribe",
        b"list-archive", b"list-unsubscribe-post", b"x-mailer", b"user-agent", b"x-received",
        b"x-google-dkim-signature", b"autocrypt", b"face", b"x-face",
    }
)  # fmt: skip
_BY_SERVERS = frozenset(
    {
        b"received", b"received-spf", b"authentication-results", b"dkim-signature", b"domainkey-signature", b"arc-seal",
        b"arc-message-signature", b"arc-authentication-results", b"x-google-dkim-signature",
    }
)  # fmt: skip
"""Long in every mail, and not looked at for sentences: that costs more than all other fields."""
_PROSE = re.compile(r"(?<![^\s(\"'])[^\W\d_]{2,}+(?:[,;]?[ \t]+[\"'(]?[^\W\d_]+[.,;:!?\"')]*+){3}")
_SENTENCE = re.compile(r"(?<![^\s(\"'<])[^\W\d_]+(?:[,;]?[ \t]+[\"'(]?[^\W\d_]+[.,;:!?\"')]*+){10}")
"""Longer than any program's name, zone's name or reason is."""
_SENTENCE_SPACES = 10
_SPACES_LEAST = dict.fromkeys(_STRUCTURED, _SENTENCE_SPACES)
"""Blanks of a field that may say what its form does not want; ``_PROSE_SPACES`` where it has no form."""
MAX_STRUCTURED_CHARS = 20_000
KEPT_CHARS = 400
"""Of an author's field that is remembered."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")  # an encoded word may hold line ends (RFC 2047 section 5)
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\x00-\x1f]*\?=")
_ADDRESS = re.compile(r"[^\s<>@,;\"]{1,64}@(?P<domain>[^\s<>@,;\"]{1,255})")
_MEANINGFUL = frozenset("<>@,;:")


def subject_of(header: Header, marks: Marks) -> str:
    """Return the subject as it is shown, and note what of it is not."""
    field = header.first(b"subject")
    if field is None:
        return ""
    written = field.text
    subject = _CONTROLS.sub(" ", decode_text(written))
    if not subject.isascii():
        subject = clean(subject, "subject", 0, marks)
    if len(subject) > LIST_CHARS:
        marks.add(Technique.LONG_SUBJECT, "subject", 0, len(subject), subject)
    _note_encoded_words(written, "subject", subject, marks)
    return subject


def note(header: Header, marks: Marks) -> None:
    """Note names that are no names, and prose in fields that no mail program shows."""
    for name in _PEOPLE:
        for field in header.all(name)[:2]:
            written = field.text
            if len(written) > KEPT_CHARS or not _is_plain_person(name, written):
                _note_person(name, written, marks)
    subject = header.first(b"subject")
    for field in header.fields[:MAX_FIELDS]:
        name, raw = field
        least = _SPACES_LEAST.get(name, _PROSE_SPACES)
        if raw.count(b" ") < least and b"=?" not in raw:
            continue  # too few words for any of it, as most fields have
        if name in _STRUCTURED:
            if name not in _BY_SERVERS:
                _note_spoken(field, marks)
        elif field is not subject:
            _note_prose(field, marks)


def _note_prose(field: Field, marks: Marks) -> None:
    """Note a sentence in a field of no form."""
    written = field.text if field.name else field.raw.decode("utf-8", "replace")
    text = _CONTROLS.sub(" ", decode_text(written))
    place = f"header:{field.name.decode('ascii')}"
    if not text.isascii():
        text = clean(text, place, 0, marks)
    if _PROSE.search(text):
        marks.add(Technique.HEADER, place, 0, len(text), text)


def _note_spoken(field: Field, marks: Marks) -> None:
    """Note what a field that has a form of its own says all the same: a sentence, or a long name of another reader."""
    text = _CONTROLS.sub(" ", decode_text(field.text[:MAX_STRUCTURED_CHARS]))
    if field.name not in _PEOPLE and _SENTENCE.search(text) is not None:
        place = f"header:{field.name.decode('ascii')}"
        marks.add(Technique.HEADER, place, 0, len(text), clean(text, place, 0, marks))


@lru_cache(maxsize=4096)
def _is_plain_person(name: bytes, written: str) -> bool:
    """Tell whether an author's field gives nothing to note, as most do; who wrote before is not looked at again."""
    marks = Marks()
    _note_person(name, written, marks)
    return not marks.spans


def _note_person(name: bytes, written: str, marks: Marks) -> None:
    """Note an author's field that says more than a name: long, or with the address of somebody else."""
    place = f"header:{name.decode('ascii')}"
    shown = _CONTROLS.sub(" ", decode_text(written))
    if not shown.isascii():
        shown = clean(shown, place, 0, marks)
    addresses = list(_ADDRESS.finditer(shown[:4_000]))
    spoken = shown
    if addresses:
        spoken = shown[: addresses[-1].start()]
        if looks_like_another(addresses[-1]["domain"].rstrip(".").lower()):
            marks.add(Technique.HOMOGLYPH_DOMAIN, place, *addresses[-1].span(), addresses[-1]["domain"])
    domains = {found["domain"].rstrip("'.)").lower() for found in addresses}
    is_sentence = sum(map(str.islower, spoken.split())) >= NAME_WORDS
    if len(spoken) > NAME_CHARS or is_sentence or len(domains) > 1:
        marks.add(Technique.DISPLAY_NAME, place, 0, len(shown), shown)
    _note_encoded_words(written, place, shown, marks, meaningful=_MEANINGFUL)


def _note_encoded_words(
    written: str, place: str, shown: str, marks: Marks, *, meaningful: frozenset[str] = frozenset()
) -> None:
    """Note an encoded word that changes what the field means: syntax or line ends inside, or a word in a word.

    Also prose that needs no encoding, beside words that have none: only whoever decodes it can read it.
    """
    if "=?" not in written:
        return
    is_plain = shown.isascii() and len(_ENCODED.sub("", written).split()) > 1
    for found in _ENCODED.finditer(written):
        decoded = decode_text(found[0])
        is_needless = is_plain and _PROSE.search(decoded) is not None
        if is_needless or "=?" in decoded or any(char in meaningful for char in decoded) or _CONTROLS.search(decoded):
            marks.add(Technique.ENCODED_WORD, place, 0, len(shown), decoded)
