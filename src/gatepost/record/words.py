"""What an entry is found by: terms, each with its field in front, such as ``from:example.org``. Pure.

Facts of ours (outcome, reason, actor ...) stand in the leaf and are found for ever. What the opening holds about people
is found for as long as somebody can open it. Words are those that mail is found by (``mailbox/words.py``).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from itertools import islice
from typing import Any, TypedDict, cast

from msgspec import Struct
from msgspec.json import Decoder

from gatepost.decide.paper import Disposition
from gatepost.mail.address import Address, AddressError
from gatepost.mailbox.words import distinct, is_unspaced, pairs, runs
from gatepost.record.entry import Leaf

SETTLED = "settled"
"""Of a decision that is no hold: its direction."""
WORDS_MAX = 64
"""How many words of one field of an entry count, the first ones: a stranger chooses some of them."""
FIELDS_MAX = 16
"""How many fields; no entry has more."""
TEXT_MAX_CHARS = 1000
_WORDED = ("remote_address", "recipient", "detail", "helo", "mail_from", "sender")
"""What of a decision has words; its other facts have fields."""
_NESTED_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry as it is searched: its leaf, and the values behind its commitments; none where they are erased."""

    leaf: Leaf
    opened: Mapping[str, Any]


class _Part(Struct, frozen=True, gc=False):
    """What an opening has of one value; its salt is nothing to search."""

    value: Any


class _Decision(TypedDict, total=False):
    """What a decision is found by in its leaf."""

    outcome: Any
    disposition: Any
    direction: Any
    thread: Any
    reason: Any


class _Leaf(TypedDict):
    """What an entry is found by in its leaf; of any but a decision everything that its detail says."""

    kind: Any
    action: Any
    actor_ref: Any
    account: Any
    email: Any
    object_ref: Any
    decision: _Decision | None
    detail: Any


class _Opening(TypedDict, total=False):
    """What a decision is found by in its opening."""

    reason: _Part
    blob: _Part
    message_id: _Part
    detail: _Part
    sender: _Part
    mail_from: _Part
    recipient: _Part
    remote_address: _Part
    helo: _Part


_leaf, _opening, _any_opening = Decoder(_Leaf), Decoder(_Opening), Decoder(dict[str, _Part])


def found_in(leaf: bytes, opening: bytes | None) -> Found:
    """Return as much of an entry as ``terms_of`` asks for: of most a third, and to read all of it costs twice as much.

    Args:
        leaf: its canonical octets.
        opening: JSON of ``{field: {salt, value}}``; None where nobody can read it any more.
    """
    read = cast("Leaf", _leaf.decode(leaf))
    if opening is None:
        return Found(leaf=read, opened={})
    parts = cast("dict[str, _Part]", (_opening if read["decision"] else _any_opening).decode(opening))
    return Found(leaf=read, opened={name: part.value for name, part in parts.items()})


def terms_of(found: Found) -> set[str]:
    """Return everything an entry is found by.

    ``log check`` holds the index to it: whoever changes it has a migration empty the index, which is then made anew.
    """
    leaf, opened = found.leaf, found.opened
    decision = leaf["decision"] or {}
    public = decision or leaf["detail"] or {}
    facts = {
        "kind": leaf["kind"],
        "action": leaf["action"],
        "actor": leaf["actor_ref"],
        "mailbox": leaf["account"],
        "message": leaf["email"],
        "object": None if leaf["object_ref"] == leaf["email"] else leaf["object_ref"],
        "outcome": decision.get("outcome"),
        "disposition": decision.get("disposition"),
        "direction": decision.get("direction"),
        "thread": decision.get("thread"),
        SETTLED: decision.get("direction") if decision.get("disposition") != Disposition.HOLD else None,
        "reason": public.get("reason", opened.get("reason")),
        "octets": opened.get("blob"),
        "message-id": opened.get("message_id"),
    }
    terms = {f"{name}:{value}" for name, value in facts.items() if isinstance(value, str | int) and value != ""}
    if detail := opened.get("detail"):  # the guard's own reason, which the mailbox's page shows instead of the code
        terms.add(f"reason:{detail}")
    for field, names in (("from", ("sender", "mail_from")), ("to", ("recipient",))):
        for name in names:
            terms.update(map(f"{field}:".__add__, _forms(opened.get(name) or "")))
    worded = {name: opened.get(name) for name in _WORDED} if decision else {**public, **opened}
    terms.update(map("any:".__add__, _words(worded)))
    return terms


def party(text: str) -> str:
    """Return how a sender or recipient is asked for: an address, or a domain.

    Raises:
        AddressError: it is neither.
    """
    if "@" in text:
        return Address.parse(text).key
    return Address.parse(f"x@{text}").domain


@lru_cache(maxsize=4096)
def _forms(text: str) -> tuple[str, ...]:
    """Return what one address is found by: itself, its domain, and the domains above."""
    try:
        address = Address.parse(text)
    except AddressError:
        return ()
    labels = address.domain.split(".")
    return (address.key, *(".".join(labels[at:]) for at in range(max(len(labels) - 1, 1))))


def words_of(text: str) -> set[str]:
    """Return the words of a question, every one of which must be found; an IP address is one word."""
    words: set[str] = set()
    for chunk in text[:TEXT_MAX_CHARS].split():
        if whole := _address(chunk):
            words.add(whole)
            continue
        for run, _, _ in runs(chunk):
            words.update(pairs(run) if is_unspaced(run) else (run,))
    return words


def _words(values: Mapping[str, Any]) -> set[str]:
    words: set[str] = set()
    for name, value in islice(values.items(), FIELDS_MAX):
        if name == "remote_address" and isinstance(value, str):
            words.add(value)
        else:
            words.update(_of_field(value))
    return words


def _of_field(value: object) -> Iterable[str]:
    """Return the words of one field, so that no other can crowd them out."""
    if isinstance(value, str):
        return _of_text(value[:TEXT_MAX_CHARS])
    words: dict[str, None] = {}
    for text in _texts(value):
        words.update(dict.fromkeys(_of_text(text[:TEXT_MAX_CHARS])))
        if len(words) >= WORDS_MAX:
            break
    return islice(words, WORDS_MAX)


@lru_cache(maxsize=4096)
def _of_text(text: str) -> tuple[str, ...]:
    """Return the words of one text that count, each once."""
    if len(text) <= 2 * WORDS_MAX and text.isascii():  # all its words count, however often one stands there
        return tuple(distinct(text))
    words: list[str] = []
    for run, _, _ in runs(text):
        words += (*run, *pairs(run)) if is_unspaced(run) else (run,)
        if len(words) >= WORDS_MAX:
            break
    return tuple(dict.fromkeys(words))[:WORDS_MAX]


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _NESTED_MAX and isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each, depth + 1)
