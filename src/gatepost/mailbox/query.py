"""What somebody looks for: ``lunch "next friday" from:example.org -cancelled after:2026-01-01``."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from gatepost.mailbox import words
from gatepost.mailbox.paper import Texts
from gatepost.mailbox.snippet import NO_MARKS, Marks

QUERY_MAX_CHARS = 1_000
PIECES_MAX = 32
_DAYS = frozenset({"before", "after"})
_BEGINNING = "begins"
_PEOPLE = frozenset({"from", "to"})
_FIELDS = ("from", "to", "subject", "filename", "has", "before", "after")
_PIECE = re.compile(
    rf'(?P<minus>-?)(?:(?P<field>{"|".join(_FIELDS)}):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))', re.IGNORECASE
)
_FIELD_LIKE = re.compile(r"(?P<name>[A-Za-z][A-Za-z_-]+):(?!//)")  # of a URL the colon is its own
_OPERATORS = frozenset({"OR", "AND", "NOT", "NEAR", "|", "||"})
_QUOTES = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\uff02\u00ab\u00bb"), '"')
"""What telephones and word processors make of quotation marks."""
_AROUND_NAMES = "<>()[],;:"
"""What stands around an address where it was copied."""


class QueryError(ValueError):
    """What was asked cannot be looked for; the text says why, in words of ours."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand side by side, or one that must begin like this.

    Attributes:
        field: where; None for anywhere, ``begins`` for people and subject.
        text: as ``words.line`` spells it; open at an end that may lie inside a run.
    """

    field: str | None
    text: str

    def is_in(self, texts: Texts) -> bool:
        """Tell whether one text of the message holds it."""
        return any(self.text in words.line(text) for text in self._places(texts))

    def _places(self, texts: Texts) -> tuple[str, ...]:
        match self.field:
            case "from":
                return texts.from_
            case "to":
                return texts.to
            case "subject":
                return texts.subject
            case "filename":
                return texts.filename
            case "begins":
                return (*texts.from_, *texts.to, *texts.subject)
            case _:
                return (*texts.subject, *texts.from_, *texts.to, *texts.filename, texts.human)  # the longest last


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question put into parts.

    Attributes:
        wanted: terms (``words.terms_of``) a message must have, all of them.
        unwanted: terms it may not have, none of them.
        phrases: what its texts must hold besides: tokens cannot say.
        unwanted_phrases: what they may not.
        since: not older than this.
        until: older than this.
        marks: what to mark where a hit is shown.
        asked: the question as it was written.
    """

    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()
    phrases: tuple[Phrase, ...] = ()
    unwanted_phrases: tuple[Phrase, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    marks: Marks = NO_MARKS
    asked: str = ""

    def is_in(self, texts: Texts) -> bool:
        """Tell whether a message that the index knows nothing of is one."""
        terms = words.terms_of(texts)
        return self.wanted <= terms and not self.unwanted & terms and self.is_said(texts)

    def is_said(self, texts: Texts) -> bool:
        """Tell whether a message that has the terms is one: what tokens cannot say."""
        return all(one.is_in(texts) for one in self.phrases) and not any(
            one.is_in(texts) for one in self.unwanted_phrases
        )


@dataclass(slots=True)
class _Parts:
    """One side of a query, while it is read: what must be, or what may not."""

    terms: set[str]
    phrases: list[Phrase]


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        QueryError: it cannot be looked for.
    """
    if len(text) > QUERY_MAX_CHARS:
        raise QueryError(f"A query has at most {QUERY_MAX_CHARS} characters.")
    spelled = text.translate(_QUOTES)
    text = text if spelled.count('"') % 2 else spelled  # one alone is no quotation
    if text.count('"') % 2:
        raise QueryError("A quotation mark is not closed.")
    pieces = list(_PIECE.finditer(text))
    if len(pieces) > PIECES_MAX:
        raise QueryError(f"A query has at most {PIECES_MAX} words.")
    for piece in pieces:
        _refuse_what_others_know(piece)
    since, until = _bounds([piece for piece in pieces if _field(piece) in _DAYS])
    wanted, unwanted = _Parts(set(), []), _Parts(set(), [])
    for piece in pieces:
        if _field(piece) in _DAYS:
            continue
        found = _piece(_field(piece), _said(piece), is_quoted=piece["phrase"] is not None)
        side = unwanted if piece["minus"] else wanted
        side.phrases += found.phrases
        if not (piece["minus"] and found.phrases):  # what may not stand side by side may stand apart
            side.terms |= found.terms
    if not wanted.terms and (unwanted.terms or unwanted.phrases):  # where most have it, all the mail is walked through
        raise QueryError("Besides what to leave out, name a word to look for.")
    if not wanted.terms and since is None and until is None:
        raise QueryError("Name at least one word to look for.")
    return Query(
        wanted=frozenset(wanted.terms),
        unwanted=frozenset(unwanted.terms),
        phrases=tuple(wanted.phrases),
        unwanted_phrases=tuple(unwanted.phrases),
        since=since,
        until=until,
        marks=_marks(pieces),
        asked=text,
    )


def _field(piece: re.Match[str]) -> str | None:
    return piece["field"].lower() if piece["field"] else None


def _refuse_what_others_know(piece: re.Match[str]) -> None:
    """Refuse what means something in other searches and nothing here: to look for it as words would find nothing.

    Whoever gets an empty page concludes that there is no such mail.
    """
    if piece["phrase"] is not None or piece["field"]:
        return
    word = piece["word"]
    if word in _OPERATORS:
        raise QueryError(
            f"{word} is no operator here: all words must be there, a - before a word leaves it out, and either of two"
            f' words takes two queries. Put it in quotation marks, "{word}", to look for the word.'
        )
    if piece["minus"] and word.startswith("("):
        raise QueryError("A - stands before one word or phrase, not before parentheses.")
    found = _FIELD_LIKE.match(word)
    if found is None:
        return
    name, is_bare = found["name"].lower(), found.end() == len(word)
    has_phrase = piece.string[piece.end() : piece.end() + 1] == '"'
    if name in _FIELDS:
        raise QueryError(f"What to look for stands right after {name}: without a space.")
    if not is_bare or has_phrase:  # "Re: lunch" is what somebody copied
        known = ", ".join(f"{field}:" for field in _FIELDS)
        raise QueryError(f"There is no such field here; known are {known}. Put what has a colon in quotation marks.")


def _said(piece: re.Match[str]) -> str:
    return str(piece["word"] if piece["phrase"] is None else piece["phrase"])


def _bounds(pieces: list[re.Match[str]]) -> tuple[datetime | None, datetime | None]:
    if any(piece["minus"] for piece in pieces):
        raise QueryError("before: and after: cannot be negated.")
    days = [(_field(piece), _day(_said(piece))) for piece in pieces]
    return (
        max((day for field, day in days if field == "after"), default=None),
        min((day for field, day in days if field == "before"), default=None),
    )


def _marks(pieces: list[re.Match[str]]) -> Marks:
    whole: set[str] = set()
    beginnings: set[str] = set()
    for piece in pieces:
        if not piece["minus"] and _field(piece) in {None, "subject"}:
            is_beginning = piece["phrase"] is None and _said(piece).endswith("*")
            (beginnings if is_beginning else whole).update(run for run, _, _ in words.runs(_said(piece)))
    return Marks(frozenset(whole), tuple(beginnings))


def _piece(field: str | None, said: str, *, is_quoted: bool) -> _Parts:
    """Return what one piece asks for: terms, and a phrase where they do not say it all."""
    if field == "has":
        if words.folded(said) not in {"attachment", "attachments"}:
            raise QueryError("has: knows attachment, and nothing else.")
        return _Parts({words.ATTACHMENT}, [])
    place = field or "any"
    if not is_quoted and said.endswith("*"):
        return _prefix(field, said.rstrip("*"))
    name = said.strip(_AROUND_NAMES).rstrip(".").lstrip("@*.")  # all mail of a domain, as others spell it
    if not is_quoted and field in _PEOPLE and re.search(r"[@.]", name):
        return _Parts({f"{field}:{_address(name)}"}, [])
    runs = [run for run, _, _ in words.runs(said)]
    if not runs:
        return _Parts(set(), [])
    terms = {f"{place}:{word}" for run in runs for word in _tokens(run)}
    return _Parts(terms, [_phrase(field, runs)] if len(runs) > 1 or len(terms) > 1 else [])


def _tokens(run: str) -> list[str]:
    """Return what stands for a run in the index; of a long sentence without spaces its beginning, which says enough.

    Its phrase is compared to the end.
    """
    return words.pairs(run[: words.WORD_MAX_CHARS]) if words.is_unspaced(run) else [run]


def _address(name: str) -> str:
    """Return an address, or a domain alone, as ``words.terms_of`` spells it."""
    local, at, domain = name.rpartition("@")
    if not domain:
        raise QueryError("After the @ of an address stands a domain.")
    return f"{words.folded(local)}{at}{words.domain_name(domain)}"


def _phrase(field: str | None, runs: list[str]) -> Phrase:
    """Runs without spaces are open at the outer ends: what is looked for may lie inside a longer one."""
    before = "" if words.is_unspaced(runs[0]) else " "
    after = "" if words.is_unspaced(runs[-1]) else " "
    return Phrase(field, f"{before}{' '.join(runs)}{after}")


def _prefix(field: str | None, said: str) -> _Parts:
    runs = [run for run, _, _ in words.runs(said)]
    if field == "filename" or len(runs) != 1 or len(runs[0]) < words.PREFIX_MIN_CHARS or words.is_unspaced(runs[0]):
        raise QueryError(
            f"A * stands after at least {words.PREFIX_MIN_CHARS} letters of one word, and is looked for in people and"
            " subjects only."
        )
    prefix = runs[0]
    term = f"begins:{prefix[: words.PREFIX_MAX_CHARS]}"  # whichever of people and subject it is that begins so
    is_said = field is None and len(prefix) <= words.PREFIX_MAX_CHARS
    return _Parts({term}, [] if is_said else [Phrase(field or _BEGINNING, f" {prefix}")])


def _day(said: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(said), time(), UTC)
    except ValueError:
        raise QueryError("before: and after: take a day such as 2026-11-21, in UTC.") from None
