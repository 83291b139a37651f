"""Header fields of messages we write (RFC 5322): strangers' words cannot leave their field."""

import base64
import re

from gatepost.mail.address import Address

LINE_OCTETS = 76
"""RFC 5322 section 2.1.1 asks for 78; RFC 2047 section 2 for 76."""

SUBJECT_MAX_CHARACTERS = 250
"""A longer subject is cut: ours answers it, it need not repeat it."""

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_AGAIN = re.compile(r"(?:re(?:\[\d{1,3}\])?[ ]?:[ ]?)+", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,240}")
_ENCODED_OCTETS = 42  # base64 makes them 56, "=?utf-8?b?" and "?=" make that 68: a line with a name still fits


def field(name: str, value: str) -> str:
    """Return one unstructured field, encoded where it is not plain (RFC 2047) and folded."""
    words = _UNPRINTABLE.sub(" ", value).strip(" ").split(" ")
    if any(not word.isascii() or "=?" in word or len(word) > LINE_OCTETS // 2 for word in words):
        words = _encoded_words(" ".join(words))
    return folded(name, words)


def folded(name: str, words: list[str]) -> str:
    """Return one field whose ``words`` are separated by blanks, a new line wherever one grows too long."""
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > LINE_OCTETS and lines[-1].strip() != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def _encoded_words(text: str) -> list[str]:
    words: list[str] = []
    chunk = b""
    for character in text:
        octets = character.encode("utf-8")
        if len(chunk) + len(octets) > _ENCODED_OCTETS:
            words.append(_encoded_word(chunk))
            chunk = b""
        chunk += octets
    return [*words, _encoded_word(chunk)]


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?="


def answer_subject(subject: str, prefix: str = "Re:") -> str:
    """Return the subject of an answer: the prefix once, however often it stood there."""
    plain = _UNPRINTABLE.sub(" ", subject[: 4 * SUBJECT_MAX_CHARACTERS]).strip(" ")
    bare = _AGAIN.sub("", plain, count=1) if _AGAIN.match(plain) else plain
    return f"{prefix} {bare[:SUBJECT_MAX_CHARACTERS]}".rstrip(" ")


def mailbox_field(name: str, address: Address) -> str:
    """Return a field that holds one address, without a display name."""
    return f"{name}: {address}\r\n"


def message_ids(identifiers: tuple[str, ...]) -> list[str]:
    """Return those that are safe to repeat, in angle brackets: no blank, no bracket, no line end, nothing endless."""
    return [f"<{identifier}>" for identifier in identifiers if _MESSAGE_ID.fullmatch(identifier)]
