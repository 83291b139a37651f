"""Addresses that a text mentions, in the ways people and programs write them; pure, linear in the text.

Whoever asks looks the answers up among addresses that are known, so one too many does no harm and one too few does: of
what stands about an @, each reading that could be meant is returned.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from gatepost.mail.address import Address, AddressError

MENTIONS_MAX = 1_000
READINGS_MAX = 4
"""Of a local part, and of a domain."""
_LOCAL_MAX_CHARS, _DOMAIN_MAX_CHARS = 64, 253
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~\-]+\Z")
_DOMAIN = re.compile(rf"[\w.\-]{{1,{_DOMAIN_MAX_CHARS}}}")
_QUOTED = re.compile(rf'"(?:[^"\\\n]|\\.){{1,{_LOCAL_MAX_CHARS - 2}}}"@([\w.\-]{{1,{_DOMAIN_MAX_CHARS}}})')
_BETWEEN = re.compile(r"[!#$%&'*/=?^`{|}~]")
"""Allowed in a local part, and more often what stands before one: a query's ``=``, a path's slash, a quotation mark."""
_JOINT = re.compile(r"[+\-]")
_ASCII_END, _ASCII_START = re.compile(r"[!-~]+\Z"), re.compile(r"[!-~]+")
_AT = re.compile(
    r"\s{0,3}(?:[\[({<]\s?(?:at|a|arroba|@)\s?[\])}>]|@)\s{0,3}|(?<=[^\W_])_at_(?=[^\W_])"
    r"|\s{1,3}at\s{1,3}(?=[\w\-]{1,63}(?:\.\w|\s{1,3}dot\s|\s?[\[({<]))",
    re.IGNORECASE,
)
_DOT = re.compile(
    r"\s?[\[({<]\s?(?:dot|punto|punkt|point|\.)\s?[\])}>]\s?|\s{1,3}(?:dot|\.)\s{1,3}"
    r"|(?<=[^\W_])_dot_(?=[^\W_])|[\u3002\uff0e\uff61]",
    re.IGNORECASE,
)
"""How people write an address that no machine shall find."""
_LINE_END = re.compile(r"[ \t]{0,3}\r?\n[> \t]{0,5}")
"""What cuts an address where a mail program breaks its lines."""


def addresses_in(texts: Iterable[str]) -> frozenset[str] | None:
    """Return the keys of all addresses that may be meant there; None where there are too many to look up."""
    found: set[str] = set()
    mentioned: set[tuple[str, str]] = set()
    for written in chain.from_iterable(map(_spellings, texts)):
        for local, domain in _mentions(written):
            if (local, domain) in mentioned:
                continue
            mentioned.add((local, domain))
            keys = readings(local, domain)
            found |= keys
            if len(mentioned) > MENTIONS_MAX and keys:
                return None
    return frozenset(found)


def readings(local: str, domain: str) -> frozenset[str]:
    """Return the keys of the addresses that what stands before and after an @ can mean."""
    locals_ = tuple(islice(dict.fromkeys(_locals(local)), READINGS_MAX))
    domains = tuple(islice(dict.fromkeys(_domains(domain)), READINGS_MAX))
    spelled = [f"{before}@{after}" for before in locals_ for after in domains]
    before, _, after = local.replace("%", "=").rpartition("=")  # bob=example.org@relay.example, as lists write it
    if "." in after:
        spelled += [f"{each}@{after}" for each in islice(_ends(before), READINGS_MAX)]
    return frozenset(key for each in spelled for key in _keys(each))


def _ends(local: str) -> Iterator[str]:
    """Yield a local part, and what stands behind a list's name in it (``list-return-9-bob``), the shortest first."""
    yield local
    for joint in reversed([*_JOINT.finditer(local)]):
        yield local[joint.end() :]


def _keys(spelled: str) -> Iterator[str]:
    """Yield the address's key, and that of the address it is a part of (RFC 5233)."""
    try:
        address = Address.parse(spelled)
        yield address.key
        yield address.untagged.key
    except (AddressError, UnicodeError):
        return


def _spellings(text: str) -> Iterable[str]:
    """Return the text as written, in one line, and both without what keeps machines from its addresses."""
    return dict.fromkeys((text, _plain(text), _plain(_LINE_END.sub("", text))))


def _plain(text: str) -> str:
    return _DOT.sub(".", _AT.sub("@", text))


def _mentions(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before and after each @."""
    for quoted in _QUOTED.finditer(text):
        yield quoted[0].rpartition("@")[0], quoted[1]
    at = text.find("@")
    while at >= 0:
        before = _LOCAL.search(text[max(0, at - _LOCAL_MAX_CHARS) : at])
        after = _DOMAIN.match(text, at + 1)
        if before and after:
            yield before[0], after[0]
        at = text.find("@", at + 1)


def _locals(local: str) -> Iterator[str]:
    yield local
    if local.startswith('"'):
        return
    yield local.lstrip("._-*")
    if found := _ASCII_END.search(local):
        yield found[0]
    yield from reversed(_BETWEEN.split(local)[1:])


def _domains(domain: str) -> Iterator[str]:
    whole = domain.rstrip(".-_")
    yield whole
    if (found := _ASCII_START.match(whole)) and found[0] != whole:
        whole = found[0].rstrip(".-_")
        yield whole
    rest, _, last = whole.rpartition(".")
    if not last.startswith("xn--"):
        yield f"{rest}.{re.split('[_-]', last)[0]}"
    while "." in rest:  # a sentence that goes on behind its full stop
        yield rest
        rest = rest.rpartition(".")[0]
