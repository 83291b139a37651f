"""Look for signs that a message speaks to a machine rather than to a person; linear in what it says.

Every text of the message is a passage: subject, body as people see it, each hidden span, each attachment, and what is
wrapped in any of them. A passage's score is logistic in the phrases of its worst window and in where it stands; the
message's is that of its worst passage.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from gatepost.verify.injection import canary, context, fold, scan, window
from gatepost.verify.injection.phrases import PHRASES
from gatepost.verify.injection.unwrap import DECODED, unwrap
from gatepost.verify.injection.weights import BIAS, WEIGHTS
from gatepost.verify.paper import Content, Family, Injection, Signal, Technique

THRESHOLD = 0.5
"""From here on our own reports call a message flagged; policies choose theirs."""
SIGNAL_SCORE = 0.1
"""Passages from here on tell their reasons."""
MAX_SIGNALS = 20
MAX_PASSAGES = 5_000
CANARY_WEIGHT = 8.0
FLOOD_WEIGHT = 6.0
_WEIGHTS = tuple(WEIGHTS.get(phrase.name, phrase.prior) for phrase in PHRASES)  # a new one is not learnt yet


class Passage(NamedTuple):
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


class _Sign(NamedTuple):
    """What is no phrase: where the passage stands, a canary, a flood."""

    name: str
    family: Family
    weight: float
    start: int = 0
    end: int | None = None


class _Judged(NamedTuple):
    """A passage and what weighs in it; ``ends`` says where the phrases of its worst window end."""

    passage: Passage
    logit: float
    ends: Mapping[int, int]
    around: tuple[_Sign, ...]
    hints: frozenset[str] = frozenset()

    @property
    def weight(self) -> float:
        return sum(_WEIGHTS[phrase] for phrase in self.ends)

    @property
    def score(self) -> float:
        return 1 / (1 + math.exp(-min(self.logit, 50.0)))


def examine(content: Content, *, canaries: Collection[str] = ()) -> Injection:
    """Return the signs of an injection; total.

    Args:
        content: the message, read.
        canaries: marks planted where no correspondent can see them; a mail that has one has seen a prompt.
    """
    passages = _passages(content)
    judged = [one for passage in islice(passages, MAX_PASSAGES) for one in _judge_deep(passage, canaries)]
    if (unread := next(passages, None)) is not None or content.reading.is_cut:
        flooded = unread or Passage("human", "", context.of(None))
        judged.append(_Judged(flooded, BIAS + FLOOD_WEIGHT, {}, (_Sign("hidden.flood", Family.HIDDEN, FLOOD_WEIGHT),)))
    judged += _planted(content, canaries)
    told = sorted((one for one in judged if one.ends or one.around), key=lambda one: -one.logit)
    if not told:
        return Injection()
    telling = [one for one in told[:MAX_SIGNALS] if one.score >= SIGNAL_SCORE]
    signals = sorted((signal for one in telling for signal in _signals(one)), key=lambda signal: -signal.weight)
    return Injection(round(told[0].score, 3), _families(told[0]), tuple(signals[:MAX_SIGNALS]))


def _passages(content: Content) -> Iterator[Passage]:
    reading = content.reading
    plain = context.of(None)
    yield Passage("subject", content.subject, plain)
    yield Passage("human", reading.human, plain)
    for span in reading.spans:
        if span.technique is Technique.UNSEEN_CHARACTER:
            continue  # its words stand in a passage already, whole
        name = f"hidden.{span.technique}"
        text = reading.model.quoted if span.technique is Technique.QUOTED_HISTORY else span.text
        yield Passage(span.place, text, context.of(span.technique), (span.start, span.end), name)
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
        around = context.SEALED if piece.wrapping in DECODED else context.WRAPPED
        inside = _judge(Passage(passage.place, piece.text, around, stands, name, Family.ENCODED), canaries)
        if inside.weight > judged.weight:  # else it says no more unwrapped
            yield inside


def _judge(passage: Passage, canaries: Collection[str]) -> _Judged:
    text, _ = fold.seen(passage.text)
    hits = scan.scan(fold.fold(text))
    found = window.worst(hits.found, _WEIGHTS)
    around = [*_around(passage, text, found.weight), *_canaries(text, canaries)]
    if hits.is_cut:
        around.append(_Sign("hidden.flood", Family.HIDDEN, FLOOD_WEIGHT))
    ends = {phrase: end for phrase, end in found.ends.items() if _WEIGHTS[phrase] > 0}
    logit = BIAS + found.weight + sum(sign.weight for sign in around)
    return _Judged(passage, logit, ends, tuple(around), hits.hints)


def _around(passage: Passage, text: str, weight: float) -> Iterator[_Sign]:
    """Yield what the place of the passage adds to its phrases, or says alone."""
    here = passage.context
    is_written = here.alone > 0 and sum(map(str.isalpha, text[:200])) >= context.ALONE_MIN_LETTERS
    added = weight * (here.factor - 1) + here.alone * is_written
    if added > 0:
        yield _Sign(passage.name, passage.family, round(added, 2))


def _canaries(text: str, canaries: Collection[str]) -> Iterator[_Sign]:
    for start, end in canary.found(text, canaries):
        yield _Sign("canary.echo", Family.CANARY, CANARY_WEIGHT, start, end)


def _planted(content: Content, canaries: Collection[str]) -> Iterator[_Judged]:
    """Yield the places that are no passage but repeat a canary: addresses of links and images, fields of any form."""
    for place, text in (("html", content.html), ("headers", content.headers)) if canaries else ():
        if signs := tuple(_canaries(text, canaries)):
            yield _Judged(Passage(place, text, context.of(None)), BIAS + CANARY_WEIGHT, {}, signs)


def _families(judged: _Judged) -> tuple[Family, ...]:
    """Return the kinds of signs in a passage, heaviest first."""
    signs = [(_WEIGHTS[phrase], PHRASES[phrase].family) for phrase in judged.ends]
    signs += [(sign.weight, sign.family) for sign in judged.around]
    return tuple(dict.fromkeys(family for _, family in sorted(signs, key=lambda sign: -sign[0])))


def _signals(judged: _Judged) -> Iterator[Signal]:
    """Yield the reasons for a score: every phrase with its own characters, where those are the place's."""
    passage = judged.passage
    text, stays = fold.seen(passage.text)
    octets = fold.fold(text)
    for phrase, end in judged.ends.items():
        low, high = passage.stands or _written(scan.start_of(octets, phrase, end), end, stays)
        yield Signal(PHRASES[phrase].name, PHRASES[phrase].family, passage.place, low, high, _WEIGHTS[phrase])
    for sign in judged.around:
        own = (0, len(passage.text)) if sign.end is None else _written(sign.start, sign.end, stays)
        low, high = passage.stands or own
        yield Signal(sign.name, sign.family, passage.place, low, high, sign.weight)


def _written(start: int, end: int, stays: list[int] | None) -> tuple[int, int]:
    """Return where characters of the seen text stand in the passage as it is written."""
    return (start, end) if stays is None or start == end else (stays[start], stays[end - 1] + 1)
