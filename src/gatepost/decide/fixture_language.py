"""What a policy's ``tests`` may say: a mail, described as a decision sees it, and what should come of it. Pure.

They are no part of the normal form: a policy with and without its tests has the same digest and decides alike.
"""

from gatepost.decide import party, shape
from gatepost.decide.file_types import TYPE_MAX_CHARS
from gatepost.decide.paper import Disposition
from gatepost.mail.kinds import Begins
from gatepost.verify.paper import Extraction, Family, Language, ScanResult, Technique

TESTS_MAX = 200
_TEXT_MAX_CHARS = 10_000
_LIST_MAX = 64
_NAME = shape.text(most=200)
_DOMAINS = shape.list_of(party.domain, most=_LIST_MAX)
_COUNT = shape.integer(least=0)


def _words(value: object, path: str, faults: shape.Faults) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_MAX_CHARS:
        faults.tell(path, f"must be text of at most {_TEXT_MAX_CHARS} characters")
        return ""
    return value


_WORDS = shape.Parser(_words, {"type": "string", "maxLength": _TEXT_MAX_CHARS})
_FILE = shape.object_of(
    {
        "name": _NAME,
        "type": shape.text(most=TYPE_MAX_CHARS),
        "octets": _COUNT,
        "text": _WORDS,
        "read": shape.word(*Extraction),
        "begins": shape.word(*filter(None, Begins)),
    },
    required=("name", "type"),
)
MAIL = shape.object_of(
    {
        "from": party.author,
        "proof": shape.word("dmarc", "aligned", "none", "unsettled"),
        "signedBy": _DOMAINS,
        "sealedBy": party.domain,
        "spf": shape.boolean,
        "subject": _WORDS,
        "text": _WORDS,
        "html": _WORDS,
        "headers": _WORDS,
        "attachments": shape.list_of(_FILE, most=_LIST_MAX),
        "injectionScore": shape.thousandths,
        "injectionFamilies": shape.list_of(shape.word(*Family), most=len(Family)),
        "techniques": shape.list_of(shape.word(*Technique), most=len(Technique)),
        "damaged": shape.boolean,
        "octets": _COUNT,
        "automatic": shape.boolean,
        "tls": shape.boolean,
        "scans": shape.list_of(shape.word(*ScanResult), most=len(ScanResult)),
        "language": shape.word(*Language),
        "list": party.domain,
        "receivedAt": shape.moment,
        "firstTime": shape.boolean,
        "answersUs": shape.boolean,
        "replayed": shape.boolean,
        "counts": shape.object_of(dict.fromkeys(("hour", "day", "tokensThread", "tokensDay", "tokensSender"), _COUNT)),
    },
    required=("from",),
)
"""A mail; what is left out is as it is of an ordinary first mail of a proven author."""
_EXPECTED = shape.object_of(
    {
        "action": shape.word(*Disposition),
        "reason": _NAME,
        "rule": _COUNT,
        "detail": _NAME,
        "capabilities": shape.list_of(_NAME, most=_LIST_MAX),
        "labels": shape.list_of(_NAME, most=_LIST_MAX),
    },
    least=1,
)
FIXTURES = shape.list_of(
    shape.object_of({"name": _NAME, "mail": MAIL, "expect": _EXPECTED}, required=("name", "mail", "expect")),
    most=TESTS_MAX,
)
"""Reads ``tests``."""
