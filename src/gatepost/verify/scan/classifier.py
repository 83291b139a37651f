"""What a classifier over HTTP says and hears: one JSON document each way; docs/injection.md has both.

The message leaves the house with it, in clear. That is why nobody is asked unless an operator names them.
"""

import orjson

from gatepost.verify.paper import Content, ScanResult, ScanVerdict
from gatepost.verify.scan.watch import ScannerError

NAME = "classifier"
ANSWER_MAX_OCTETS = 65_536
TEXT_MAX_CHARS = 200_000
LABEL_MAX_CHARS = 100
FOUND_FROM = 0.5


def request(content: Content) -> bytes:
    """Return the question: what the message says, in plain sight and out of it."""
    reading = content.reading
    document = {
        "version": 1,
        "subject": content.subject,
        "text": reading.human[:TEXT_MAX_CHARS],
        "hidden": [
            {"technique": span.technique.value, "place": span.place, "text": span.text[:TEXT_MAX_CHARS]}
            for span in reading.spans
        ],
        "attachments": [
            {"filename": each.filename, "content_type": each.content_type, "text": each.text[:TEXT_MAX_CHARS]}
            for each in reading.attachments
        ],
    }
    return orjson.dumps(_encodable(document))


def _encodable(value: object) -> object:
    """Return JSON without lone surrogates, which no encoding has."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
        case list():
            return [_encodable(each) for each in value]
        case dict():
            return {key: _encodable(each) for key, each in value.items()}
        case _:
            return value


def verdict(answer: bytes) -> ScanVerdict:
    """Read ``{"score": 0.97, "label": "injection"}``; from 0.5 on it is found. ``label`` may be missing.

    Raises:
        ScannerError: it is something else.
    """
    try:
        read = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ScannerError("no JSON") from error
    score = read.get("score") if isinstance(read, dict) else None
    if not isinstance(score, int | float) or isinstance(score, bool) or not 0 <= score <= 1:
        raise ScannerError("no score from 0 to 1")
    label = read.get("label", "")
    if not isinstance(label, str):
        raise ScannerError("the label is no text")
    result = ScanResult.FOUND if score >= FOUND_FROM else ScanResult.CLEAN
    return ScanVerdict(NAME, result, label[:LABEL_MAX_CHARS] if result is ScanResult.FOUND else "", float(score))
