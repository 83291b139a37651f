"""Look for signs that a message speaks to a machine rather than to a person; linear in what it says.

Every text of the message is a passage: subject, body as people see it, each hidden span, each attachment, and what is
wrapped in any of them. A passage's score is logistic in the phrases of its worst window and in where it stands; the
message's is that of its worst passage.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from gatepost.verify.injection import context, fold, scan, window
from gatepost.verify.injection.phrases import PHRASES
from gatepost.verify.injection.unwrap import unwrap
from gatepost.verify.injection.weights import BIAS, WEIGHTS
from gatepost.verify.paper import Content, Family, Injection, Signal

THRESHOLD = 0.5
"""From here on our own reports call a message flagged; policies choose theirs."""
SIGNAL_SCORE = 0.3
"""Passages from here on tell their reasons, beside the worst."""
MAX_SIGNALS = 20
MAX_PASSAGES = 500
CANARY_WEIGHT = 8.0
FLOOD_WEIGHT = 6.0
_WEIGHTS = tuple(WEIGHTS[phrase.name] for phrase in PHRASES)


@dataclass(frozen=True, slots=True)
class Passage:
    """One text to look at.

    Attributes:
        stands: what of ``place`` a sign in here is reported as; None: its own characters.
        name: the sign that this passage exists at all, if that says something.
    """

    place: str
    text: str
    context: context.Context
    stands: tuple[int, int] | None = None
    name: str = ""
    family: Family = Family.HIDDEN


@dataclass(frozen=True, slots=True)
class _Judged:
    logit: float
    signals: tuple[Signal, ...]
    hints: frozenset[str]


def examine(content: Content, *, canaries: Collection[str] = ()) -> Injection:
    """Return the signs of an injection; total.

    Args:
        content: the message, read.
        canaries: marks planted where no correspondent can see them; a mail that has one has seen a prompt.
    """
    judged = [one for passage in islice(_passages(content), MAX_PASSAGES) for one in _judge_deep(passage, canaries)]
    told = [one for one in judged if one.signals]
    if not told:
        return Injection()
    told.sort(key=lambda one: -one.logit)
    telling = [one for number, one in enumerate(told) if number == 0 or _score(one.logit) >= SIGNAL_SCORE]
    signals = sorted((signal for one in telling for signal in one.signals), key=lambda signal: -signal.weight)
    return Injection(
        score=round(_score(told[0].logit), 3),
        families=tuple(dict.fromkeys(signal.family for signal in told[0].signals)),
        signals=tuple(signals[:MAX_SIGNALS]),
    )


def _score(logit: float) -> float:
    return 1 / (1 + math.exp(-min(logit, 50.0)))


def _passages(content: Content) -> Iterator[Passage]:
    reading = content.reading
    plain = context.of(None)
    yield Passage("subject", content.subject, plain)
    yield Passage("human", reading.human, plain)
    for span in reading.spans:
        name = f"hidden.{span.technique}"
        yield Passage(span.place, span.text, context.of(span.technique), (span.start, span.end), name)
    for attachment in reading.attachments:
        yield Passage(f"attachment:{attachment.part}", attachment.text, plain)


def _judge_deep(passage: Passage, canaries: Collection[str]) -> Iterator[_Judged]:
    """Judge a passage and what is wrapped in it, one level deep."""
    if not passage.text:
        return
    judged = _judge(passage, canaries)
    yield judged
    for piece in unwrap(passage.text, judged.hints) if judged.hints else ():
        stands = passage.stands or (piece.start, piece.end)
        name = f"encoded.{piece.wrapping}"
        yield _judge(Passage(passage.place, piece.text, context.WRAPPED, stands, name, Family.ENCODED), canaries)


def _judge(passage: Passage, canaries: Collection[str]) -> _Judged:
    text, stays = fold.seen(passage.text)
    octets = fold.fold(text)
    hits = scan.scan(octets)
    found = window.worst(hits.found, _WEIGHTS)
    signals = [*_phrases(passage, octets, found, stays), *_around(passage, text, found.weight, canaries)]
    if hits.is_cut:
        signals.append(_signal("hidden.flood", Family.HIDDEN, passage, (0, len(passage.text)), FLOOD_WEIGHT))
    signals.sort(key=lambda signal: -signal.weight)
    return _Judged(BIAS + sum(signal.weight for signal in signals), tuple(signals), hits.hints)


def _phrases(passage: Passage, octets: bytes, found: window.Window, stays: list[int] | None) -> Iterator[Signal]:
    for phrase, end in found.ends.items():
        if (weight := _WEIGHTS[phrase]) == 0:
            continue
        start = scan.start_of(octets, phrase, end)
        place = (start, end) if stays is None else (stays[start], stays[end - 1] + 1)
        yield _signal(PHRASES[phrase].name, PHRASES[phrase].family, passage, place, weight)


def _around(passage: Passage, text: str, weight: float, canaries: Collection[str]) -> Iterator[Signal]:
    """Yield what the place of the passage adds, and the canaries in it."""
    whole = (0, len(passage.text))
    is_written = sum(map(str.isalpha, text[:200])) >= context.ALONE_MIN_LETTERS
    added = weight * (passage.context.factor - 1) + passage.context.alone * is_written
    if added > 0:
        yield _signal(passage.name, passage.family, passage, whole, round(added, 2))
    for canary in canaries:
        if (start := text.find(canary)) >= 0:
            yield _signal("canary.echo", Family.CANARY, passage, (start, start + len(canary)), CANARY_WEIGHT)


def _signal(name: str, family: Family, passage: Passage, place: tuple[int, int], weight: float) -> Signal:
    start, end = passage.stands or place
    return Signal(name, family, passage.place, start, end, weight)
