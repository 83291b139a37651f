"""Why others say otherwise: the classes of disagreement that docs/standards.md explains, each by what causes it."""

import re

from differential.judges import Opinion
from differential.letters import Letter

CLASSES = frozenset(
    {
        "folded-address",
        "folded-name",
        "l-is-nought",
        "no-author",
        "no-valid-policy",
        "one-spelling-of-base64",
        "open-group",
        "partly-sealed",
        "partly-signed",
        "pointer",
        "self-include",
        "strict-means-identical",
        "syntax-first",
        "void-lookups",
    }
)
"""Each is a row of docs/standards.md."""

_FROM = re.compile(rb"^From:(?:[^\r]|\r\n[ \t])*", re.MULTILINE)
_SPACED_DOT = re.compile(rb"\s\.|\.\s")
_FOLDED_NAME = re.compile(rb"^[!-9;-~]+\r\n[ \t]+:", re.MULTILINE)
_BROKEN_TERMS = ("ip4:300.1.1.1",)


def is_carried(letter: Letter) -> bool:
    """Tell whether SMTP would carry the letter: no bare line ends (RFC 5321 section 2.3.8), a last line that ends."""
    raw = letter.raw
    return raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n") and raw.endswith(b"\r\n")


def class_of(letter: Letter, matter: str, judge: str, ours: Opinion, other: Opinion) -> str:
    """Name the class; empty for none."""
    if matter == "dkim":
        return _of_dkim(letter, ours, other)
    if matter == "arc":
        return _of_arc(letter, ours, other)
    if matter == "spf":
        return _of_spf(letter, judge, ours)
    if ours.spf != other.spf and (found := _of_spf(letter, judge, ours)):
        return found
    if ours.dkim != other.dkim and (found := _of_dkim(letter, ours, other)):
        return found
    return _of_dmarc(letter, ours, other)


def _of_dkim(letter: Letter, ours: Opinion, other: Opinion) -> str:
    reasons = " ".join(ours.details["dkim"])
    if other.dkim and "not base64" in reasons:
        return "one-spelling-of-base64"
    if other.dkim and _FOLDED_NAME.search(letter.raw):
        return "folded-name"
    return "l-is-nought" if ours.dkim and b"l=0;" in letter.raw else ""


def _of_arc(letter: Letter, ours: Opinion, other: Opinion) -> str:
    reason, has_passed = ours.details["arc"], other.arc == "pass"
    causes = {
        "partly-sealed": "is not sealed" in reason,
        "one-spelling-of-base64": "not base64" in reason,
        "folded-name": _FOLDED_NAME.search(letter.raw) is not None,
    }
    return next((name for name, holds in causes.items() if has_passed and holds), "")


def _of_spf(letter: Letter, judge: str, ours: Opinion) -> str:
    texts = " ".join(letter.zone[name]["TXT"][0] for name in ("a.example", "b.example"))
    if ours.spf == "permerror" and any(term in texts for term in _BROKEN_TERMS):
        return "syntax-first"
    if judge == "pyspf" and ":b.example" in letter.zone["b.example"]["TXT"][0]:
        return "self-include"
    if judge == "mailauth" and ours.spf == "permerror" and "void" in texts:
        return "void-lookups"
    if judge == "mailauth" and "ptr" in texts:
        return "pointer"
    return ""


def _of_dmarc(letter: Letter, ours: Opinion, other: Opinion) -> str:
    record = letter.zone.get("_dmarc.a.example", {}).get("TXT", [""])[0]
    reasons = " ".join(ours.details["dkim"])
    has_passed = other.dmarc == "pass"
    author = _FROM.search(letter.raw)
    address_before, _, address = author[0][len(b"From:") :].partition(b"@") if author else (b"", b"", b"")
    address = address.partition(b">")[0]
    causes = {
        "no-author": bool(ours.details["author"]),
        "no-valid-policy": ours.dmarc == "none" and ("p=x" in record or "; sp=" in record),
        "partly-signed": has_passed and ("is not signed" in reasons or "unsigned" in reasons),
        "strict-means-identical": has_passed
        and "adkim=s" in record
        and (b"@sub.a.example" in letter.raw or letter.raw.count(b"d=sub.a.example") > 1),
        "one-spelling-of-base64": has_passed and "not base64" in reasons,
        "open-group": other.dmarc == "none" and author is not None and b":" in address_before and b";" not in author[0],
        "folded-address": other.dmarc == "none" and ours.dmarc != "none" and _SPACED_DOT.search(address) is not None,
    }
    return next((name for name, holds in causes.items() if holds), "")
