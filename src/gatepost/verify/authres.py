"""Authentication-Results (RFC 8601): what we write about a message, and what others claim to have written."""

import re
from dataclasses import dataclass

from gatepost.mail import encoded_word, fields
from gatepost.mail.address import AddressError, normalise_domain
from gatepost.mail.fields import Field, Header
from gatepost.verify.paper import Evidence, Result

MAX_VALUE_CHARS = 65_536

_FOLD = ";\r\n\t"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~@/\-]+", re.ASCII)
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s=";]+|=', re.DOTALL)
_QUOTED_REST = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NAME = re.compile(rb"(?:\A|(?<=[\r\n]))authentication-results", re.IGNORECASE)
_END = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?![ \t])")
"""Of a field with its folds. No repeat spans a field: ``re`` keeps hundreds of octets for each turn of a group."""
_BLANKS = b" \t\r\n"
_WORD = re.compile(r"""[^\s\x00-\x20"();,:<>@\[\]\\/?=\ufffd]+""")
_FOLDED = re.compile(rb"\r\n?|\n")
_PARENTHESIS = re.compile(r'[()\\"]')


@dataclass(frozen=True, slots=True)
class Claim:
    """One method's result as somebody claims it; property names lowercase, ``header.from`` and the like."""

    method: str
    result: str
    properties: dict[str, str]


def results(evidence: Evidence) -> str:
    """Return what a field says after our name: every method's result, folded between them."""
    if evidence.auth:
        return "auth=pass"  # our own submitter: nothing else was asked (RFC 8601 section 2.7.4)
    told = [*_spf(evidence), *_dkim(evidence), _dmarc(evidence), _arc(evidence), *_iprev(evidence)]
    return _FOLD.join(told)


def field(told: str, authserv_id: str) -> bytes:
    """Return our field for ``results``, with its final CRLF."""
    return f"Authentication-Results: {_quoted(authserv_id)}{_FOLD}{told}\r\n".encode()


def stamped(raw: bytes, told: str, authserv_id: str) -> bytes:
    """Return a message as we deliver it: our field on top, and no other that bears our name (RFC 8601 section 5).

    Lines before the first field that begin with a blank belong to none. They go: they would go on with ours.
    """
    if raw[:1] in {b" ", b"\t"}:
        raw = raw[_end_of_field(raw, 0, len(raw))[1] :]
    return field(told, authserv_id) + without_ours(raw, authserv_id)


def _spf(evidence: Evidence) -> list[str]:
    """Tell MAIL FROM and HELO apart, one result each (RFC 8601 section 2.7.2)."""
    verdicts = [evidence.spf] if evidence.spf.identity == "helo" else [evidence.spf, evidence.helo]
    return [
        f"spf={verdict.result}"
        + _property("smtp.helo" if verdict.identity == "helo" else "smtp.mailfrom", verdict.domain)
        for verdict in verdicts
    ]


def _iprev(evidence: Evidence) -> list[str]:
    verdict = evidence.iprev
    return [f"iprev={verdict.result}" + _property("policy.iprev", verdict.address)] if verdict.address else []


def _dkim(evidence: Evidence) -> list[str]:
    if not evidence.dkim:
        return ["dkim=none"]
    return [
        f"dkim={verdict.result}"
        + _property("header.d", verdict.domain)
        + _property("header.s", verdict.selector)
        + _property("header.a", verdict.algorithm)
        for verdict in evidence.dkim
    ]


def _dmarc(evidence: Evidence) -> str:
    verdict = evidence.dmarc
    wish = f" policy.dmarc={verdict.policy}" if verdict.policy else ""
    return f"dmarc={verdict.result}{wish}" + _property("header.from", verdict.domain)


def _arc(evidence: Evidence) -> str:
    newest = evidence.arc.seals[-1].domain if evidence.arc.seals else ""
    return f"arc={evidence.arc.result}" + _property("header.d", newest)


def _property(name: str, value: str) -> str:
    return f" {name}={_quoted(value)}" if value else ""


def _quoted(value: str) -> str:
    """Spell a value as a token, or quoted; what a field line cannot carry is dropped."""
    if not value.isprintable():
        value = "".join(char for char in value if char.isprintable())
    value = value[:255]
    if _TOKEN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse(value: str) -> tuple[str, list[Claim]]:
    """Read a field's value: who wrote it, and what it claims. Broken parts are skipped; linear."""
    parts = [_PIECE.findall(part) for part in without_comments(value[:MAX_VALUE_CHARS]).split(";")]
    writer = _unquoted(parts[0][0]) if parts and parts[0] else ""
    return writer, [claim for part in parts[1:] if (claim := _claim(part)) is not None]


def without_comments(value: str) -> str:
    """Blank out comments, and semicolons inside quoted strings; linear."""
    out: list[str] = []
    depth = 0
    at = last = 0
    while (found := _PARENTHESIS.search(value, at)) is not None:
        at = found.end()
        if depth == 0:
            out.append(value[last : found.start()])
            last = found.start()
        match found[0]:
            case "(":
                depth += 1
            case ")" if depth:
                depth -= 1
                if depth == 0:
                    out.append(" ")
                    last = at
            case "\\":
                at += 1
            case '"' if depth == 0:
                rest = _QUOTED_REST.match(value, at)
                at = rest.end() if rest else len(value)
                out.append(value[last:at].replace(";", " "))
                last = at
            case _:
                pass
    if depth == 0:
        out.append(value[last:])
    return "".join(out)


def _unquoted(piece: str) -> str:
    return re.sub(r"\\(.)", r"\1", piece[1:-1], flags=re.DOTALL) if piece.startswith('"') else piece


def _claim(pieces: list[str]) -> Claim | None:
    pairs: list[tuple[str, str]] = []
    value_at = -1
    for at in range(1, len(pieces) - 1):
        if pieces[at] == "=" and "=" not in {pieces[at - 1], pieces[at + 1]}:
            pairs.append((_name_before(pieces, at, value_at), _unquoted(pieces[at + 1])))
            value_at = at + 1
    if not pairs:
        return None
    (method, result), *properties = pairs
    told: dict[str, str] = {}
    for name, value in properties:
        told[name] = value if told.get(name, value) == value else ""  # said twice and otherwise, it says nothing
    return Claim(method.partition("/")[0], result.lower(), told)


def _name_before(pieces: list[str], at: int, after: int) -> str:
    """Return the name before an equals sign; blanks may stand around its dot or slash (section 2.2)."""
    start = at - 1
    while start - 1 > after and (pieces[start][0] in "./" or pieces[start - 1][-1] in "./"):
        start -= 1
    return "".join(pieces[start:at]).lower()


def claims_pass(field: Field, author_domain: str | None) -> bool:
    """Tell whether an ARC-Authentication-Results field claims a DMARC pass for that author domain, and no other."""
    if author_domain is None:
        return False
    _, claims = parse(without_comments(field.text).partition(";")[2])
    told = [claim for claim in claims if claim.method == "dmarc"]
    return bool(told) and all(
        claim.result == Result.PASS and _domain(claim.properties.get("header.from", "")) == author_domain
        for claim in told
    )


def _domain(text: str) -> str | None:
    try:
        return normalise_domain(text.rpartition("@")[2])
    except AddressError:
        return None


def collected(header: Header, authserv_id: str) -> str:
    """Return the results of all fields under that name, comments and order kept (RFC 8617 section 5.1).

    It is what an ARC-Authentication-Results field holds after its instance: the name, then every result. Empty where
    there is no such field.
    """
    ours = [found.text for found in header.all(b"authentication-results") if _is_ours(found, authserv_id)]
    results = [result for text in ours if (result := text.partition(";")[2].strip().rstrip("; "))]
    return "; ".join([authserv_id, *results]) if results else ""


def without_ours(raw: bytes, authserv_id: str) -> bytes:
    """Return the message without fields that claim to be ours (RFC 8601 section 5); every other octet is kept.

    All of the header block is searched, however long, and a bare CR or LF ends a line as it does for many readers of
    mail; so are encoded words, which some decode in any field. A field that does not say whose it is goes too.
    """
    start, at = fields.body_start(raw), 0
    kept: list[bytes] = []
    for name in _NAME.finditer(raw, 0, start):
        text_end, end = _end_of_field(raw, name.end(), start)
        before, colon, written = raw[name.end() : text_end].partition(b":")
        # Some readers join a name to a colon on the next line.
        if colon and not before.strip(_BLANKS) and _claims_our_name(written, authserv_id):
            kept.append(raw[at : name.start()])
            at = end
    return b"".join((*kept, raw[at:]))


def _end_of_field(raw: bytes, within: int, stop: int) -> tuple[int, int]:
    """Return where the field around a place ends, and where the next one begins."""
    found = _END.search(raw, within, stop)
    return found.span() if found else (stop, stop)


def _claims_our_name(written: bytes, authserv_id: str) -> bool:
    if len(written) > MAX_VALUE_CHARS:
        return True
    text = _FOLDED.sub(b"", written).decode("utf-8", "replace")
    ours = _name(authserv_id)
    return any(_bears(spelling, ours) for spelling in {text, encoded_word.decode_text(text)})


def _bears(text: str, ours: str) -> bool:
    """Tell whether a field may pass for one of that name, to a reader who takes the grammar loosely.

    That is the first word before the semicolon, any one in ASCII, or all of them together; or no word at all, so that
    the field is nobody's.
    """
    words = _WORD.findall(without_comments(text).partition(";")[0].replace("\\", ""))
    return not words or ours in {_name(words[0]), _name("".join(words)), *map(_plain_name, words)}


def _name(text: str) -> str:
    """Return a name as DNS would know it (RFC 8616 section 6); what is none stays, in lower case."""
    if text.isascii():
        return _plain_name(text)
    try:
        return normalise_domain(text)
    except AddressError:
        return ""


def _plain_name(text: str) -> str:
    return text.lower().rstrip(".")


def _is_ours(found: Field, authserv_id: str) -> bool:
    return found.name == b"authentication-results" and _claims_our_name(found.raw.partition(b":")[2], authserv_id)
