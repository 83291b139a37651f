"""Guards drawn to be as dear as the bound lets in, over texts made for them; and texts that are dear to prepare.

Times are told in "ands" of two numbers with a bit for each octet of the text, measured beside them, so that a slow or a
busy machine is no failure. Three milliseconds are some 10,000 of them on the machine of docs/measurements.md.
"""

import random
from collections.abc import Callable
from functools import cache
from itertools import accumulate

import pytest

from cpu import least_cpu_s
from decide.scene import content, policy
from gatepost.decide.body import Place
from gatepost.decide.grammar import GUARDS_COST_MAX
from gatepost.decide.guards import strictest_hit
from gatepost.decide.guards.patterns import compile_pattern
from gatepost.decide.guards.plan import refusals
from gatepost.decide.language import Policy
from gatepost.decide.paper import Disposition
from gatepost.mail.reading import Attachment, Extraction, ModelView, Reading
from gatepost.verify.paper import Content

OCTETS = 50_000
GUARDS_MAX = 30
ANDS_MAX = 10_000
DISGUISED_ANDS_MAX = 20_000
SLACK = 3
"""A machine with more to do than it has cores, whose caches are not its own."""
LETTERS = "abcdefgh"


def some(drawn: random.Random, count: int) -> str:
    return "[" + "".join(drawn.sample(LETTERS, count)) + "]"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "any number": lambda drawn: "".join(f"{drawn.choice(LETTERS)}*{some(drawn, 3)}" for _ in range(6)),
    "counted": lambda drawn: "".join(f"{some(drawn, 4)}{{0,{drawn.randint(20, 90)}}}" for _ in range(3)),
    "gaps": lambda drawn: f"{some(drawn, 2)}a.{{0,60}}{some(drawn, 2)}b.{{0,60}}",
    "groups": lambda drawn: f"(?:{some(drawn, 3)}{some(drawn, 3)}|{some(drawn, 5)}){{1,9}}",
    "edges": lambda drawn: r"\b" + "".join(f"{some(drawn, 6)}*" for _ in range(5)) + r"\b\s\s",
    "letters": lambda drawn: "".join(some(drawn, 7) for _ in range(30)),
    "without end": lambda drawn: f"{drawn.choice(LETTERS)}(?:{some(drawn, 2)}a|{drawn.choice(LETTERS)})*",
    "case": lambda drawn: "(?i)k" + "".join(f"{some(drawn, 5)}s?" for _ in range(9)),
    "script": lambda drawn: "[\u0410-\u0415]" + "".join(f"{some(drawn, 5)}*" for _ in range(4)),
}
TEXTS = {
    "plain": LETTERS,
    "quoted": LETTERS + " \n\n>>\t",
    "all of it": LETTERS + " \n\u00fc\u4e2d\uff41\u200d\u0301\u212a?",
}


@cache
def dearest(kind: str) -> Policy:
    """Return a policy of as many guards of a kind as the bounds let in."""
    drawn = random.Random(kind)
    sources: list[str] = []
    while len(sources) < GUARDS_MAX:
        sources.append(f"{KINDS[kind](drawn)}!{len(sources)}")
    costs = accumulate(compile_pattern(each).cost for each in sources)
    sources = [each for each, cost in zip(sources, costs, strict=True) if cost <= GUARDS_COST_MAX]
    first = min((each.index for each in refusals(tuple(sources))), default=len(sources))
    guards = [{"reject": each, "reason": "r"} for each in sources[:first]]
    return policy(guards=guards)


def text_of(kind: str) -> str:
    drawn = random.Random(kind)
    return "".join(drawn.choices(TEXTS[kind], k=OCTETS)).encode()[:OCTETS].decode(errors="ignore")


def ands(work: Callable[[], object]) -> float:
    """Return how many "ands" of whole texts take as long."""
    drawn = random.Random(1)
    one, other = drawn.getrandbits(OCTETS), drawn.getrandbits(OCTETS)

    def hundred() -> None:
        for _ in range(100):
            one & other

    work()  # an automaton makes its states at its first text
    return least_cpu_s(work, 2) / least_cpu_s(hundred, 9) * 100


def asked(guarded: Policy, said: Content) -> None:
    found = strictest_hit(guarded.guards, guarded.guarded, said, otherwise=Disposition.REJECT)
    assert found is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_dearest_guards_keep_the_bound(kind: str) -> None:
    guarded = dearest(kind)
    for text in TEXTS:
        said = content(text_of(text))
        most = ANDS_MAX if text_of(text).isascii() else DISGUISED_ANDS_MAX
        assert ands(lambda said=said: asked(guarded, said)) < most * SLACK, text  # type: ignore[misc]


def test_a_text_that_stands_in_several_places_is_read_once() -> None:
    """The plain text of a mail is its body, its text and, where it has no links, what an agent is given."""
    sources = ["".join(f"{letter}*{some(random.Random(letter), 3)}" for letter in LETTERS) + f"!{n}" for n in range(9)]
    once, often = (
        policy(guards=[{"reject": each, "reason": "r", "in": places} for each in sources])
        for places in (["body"], ["body", "text", "links"])
    )
    said = content(text_of("all of it"))
    assert ands(lambda: asked(often, said)) < 2 * ands(lambda: asked(once, said))


def said_in(place: Place, text: str) -> Content:
    """Return what says a text in one place and nothing elsewhere."""
    match place:
        case Place.SUBJECT:
            return content("", subject=text)
        case Place.HEADERS:
            return content("", headers=text)
        case Place.HTML:
            return content("", html=text)
        case Place.LINKS:
            return content("", reading=Reading("", ModelView(text)))
        case Place.ATTACHMENTS:
            file = Attachment(1, "a.txt", "text/plain", 1, text, Extraction.DONE)
            return content("", reading=Reading("", ModelView(""), attachments=(file,)))
        case Place.BODY | Place.TEXT:
            return content(text)


HOSTILE = {
    "quotation": "\n>" * (OCTETS // 2),
    "deep quotation": "\n" + ">" * OCTETS,
    "blanks": "a" + " " * OCTETS + "b",
    "line ends": "\n" * OCTETS,
    "markup": "<" * OCTETS,
    "tags": "<b>" * (OCTETS // 3),
    "entities": "&" * OCTETS,
    "encoded words": "=?utf-8?q?a?= " * (OCTETS // 14),
    "unfinished words": "=?" * (OCTETS // 2),
    "accents": "a" + "\u0301\u0316" * (OCTETS // 4),
    "unseen": "".join(map(chr, range(0x200B, 0x2010))) * (OCTETS // 15),
    "many unseen": "".join(f"{chr(0xE0000 + number % 4096)}a" for number in range(OCTETS // 5)),
    "letters of Korean": "\u1100\u1161\u11a8" * (OCTETS // 9),
}


@pytest.mark.parametrize("place", Place)
def test_no_text_is_dear_to_prepare(place: Place) -> None:
    """One guard, so that nearly all is what comes before it."""
    guarded = policy(guards=[{"reject": "zq!", "reason": "r", "in": [place]}])
    for name, text in HOSTILE.items():
        said = said_in(place, text)
        assert ands(lambda said=said: asked(guarded, said)) < DISGUISED_ANDS_MAX * SLACK, name  # type: ignore[misc]
