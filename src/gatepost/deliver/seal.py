"""ARC sets on what is passed on (RFC 8617 section 5.1): what we had seen, for whoever trusts us further on."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

from gatepost.deliver.sign import SIGNED_FIELDS, sign_octets
from gatepost.domains.paper import SigningKey
from gatepost.mail import canonical, taglist
from gatepost.mail.canonical import Canon
from gatepost.mail.fields import Header, split
from gatepost.verify import arc
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import signed_fields

_CHAIN_WORDS = {Result.NONE: "none", Result.PASS: "pass", Result.FAIL: "fail"}
_LINE_OCTETS = 72


def seal(
    raw: bytes, key: SigningKey, *, results: str, chain: Result, at: datetime, names: Sequence[str] | None = None
) -> bytes:
    """Return ``raw`` with one more ARC set in front, or unchanged where no set may follow.

    None may follow a set that says the chain had failed, the fiftieth, or a chain DNS kept us from judging (RFC 8617
    sections 5.1 and 5.1.2).

    Args:
        raw: a message with CRLF lines.
        key: of the domain that seals.
        results: our authserv-id and what we found, as ``authres`` writes it after the field name.
        chain: how our own validation of the chain ended.
        at: aware UTC time of sealing.
        names: the fields to sign, for each name as many as there are; those DKIM signs unless given.
    """
    header = split(raw)
    instance = 1 + max((len(header.all(name)) for name in arc.FIELDS), default=0)
    if chain not in _CHAIN_WORDS or instance > arc.MAX_INSTANCES or _has_failed(header):
        return raw
    word = "none" if instance == 1 else _CHAIN_WORDS[chain]
    told = _field("ARC-Authentication-Results", [f"i={instance}", *(part.strip() for part in results.split(";"))])
    chosen = list(names) if names is not None else _present(header)
    message = _message_signature(raw, header, key, instance, chosen, at)
    earlier = [] if word == "fail" else _earlier(header)  # a broken chain cannot be covered (section 5.1.2)
    own = _tags("ARC-Seal", key, {"cv": word, "i": str(instance), "t": str(int(at.timestamp()))})
    parts = [canonical.header_field(one, Canon.RELAXED) for one in (*earlier, told, message, own)]
    sealed = _filled(own, sign_octets(key, b"\r\n".join(parts)))
    return b"".join(one + b"\r\n" for one in (sealed, message, told)) + raw


def _has_failed(header: Header) -> bool:
    return any(taglist.parse_leniently(field.text).get("cv", "").lower() == "fail" for field in header.all(b"arc-seal"))


def _earlier(header: Header) -> list[bytes]:
    """Return the fields of all sets so far, by instance, in the order a seal covers them (section 5.1.1)."""
    return [
        raw for one in arc.read(header).sets for raw in (one.results.raw, one.message.field.raw, one.seal.field.raw)
    ]


def _present(header: Header) -> list[str]:
    """Return the fields to sign; From also where there is none (RFC 6376 section 5.4), so that nobody adds one."""
    found = [field.name.decode("ascii") for field in reversed(header.fields) if field.name in SIGNED_FIELDS]
    return found if "from" in found else [*found, "from"]


def _message_signature(
    raw: bytes, header: Header, key: SigningKey, instance: int, names: list[str], at: datetime
) -> bytes:
    body_hash = hashlib.sha256(canonical.body(raw[header.body_start :], Canon.RELAXED)).digest()
    field = _tags(
        "ARC-Message-Signature",
        key,
        {
            "bh": base64.b64encode(body_hash).decode("ascii"),
            "c": "relaxed/relaxed",
            "h": _folded(names),
            "i": str(instance),
            "t": str(int(at.timestamp())),
        },
    )
    chosen = signed_fields(header, tuple(name.strip().lower().encode() for name in names))
    parts = [canonical.header_field(one, Canon.RELAXED) for one in (*(found.raw for found in chosen), field)]
    return _filled(field, sign_octets(key, b"\r\n".join(parts)))


def _folded(names: list[str]) -> str:
    lines = wrap(": ".join(names), _LINE_OCTETS, break_on_hyphens=False, break_long_words=False)
    return "\r\n ".join(line.replace(": ", ":") for line in lines)


def _tags(name: str, key: SigningKey, tags: dict[str, str]) -> bytes:
    """Write a signature field with its b= still empty, tags in alphabetical order."""
    all_tags = {"a": key.algorithm, "b": "", "d": key.domain, "s": key.selector, **tags}
    return _field(name, [f"{tag}={value}" for tag, value in sorted(all_tags.items())])


def _field(name: str, parts: list[str]) -> bytes:
    """Write a field of parts between semicolons, a new line wherever one grows too long."""
    lines = [f"{name}:"]
    for at, part in enumerate(parts):
        ended = part if at == len(parts) - 1 else part + ";"
        if len(lines[-1]) + 1 + len(ended) > _LINE_OCTETS and lines[-1].strip():
            lines.append("")
        lines[-1] += f" {ended}"
    return "\r\n".join(lines).encode()


def _filled(field: bytes, signature: bytes) -> bytes:
    tag = b"b=" + base64.b64encode(signature) + b";"
    lines = [tag[start : start + _LINE_OCTETS] for start in range(0, len(tag), _LINE_OCTETS)]
    return field.replace(b" b=;", b"\r\n " + b"\r\n ".join(lines), 1)
