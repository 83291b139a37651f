"""What deciding costs: 100 rules, 200 guards, 50 KB of text, with hyperscan and without it, beside ``re`` (CPU time).

    python bench/deciding.py

Then the same over longer texts, and with patterns that are hard for each kind of engine: time must grow with the text
and no faster. All rules go by the author's domain; all but the last fail in a condition, and no guard finds anything.
"""

import random
import re
import time
from collections.abc import Callable, Sequence
from functools import partial

from gatepost.decide.fixtures import see_mail
from gatepost.decide.language import Policy, parse
from gatepost.decide.paper import Disposition, Seen
from gatepost.decide.rules import judge

ROUNDS = 21
WORDS = ("ignore", "previous", "instructions", "transfer", "wire", "password", "urgent", "account", "invoice")
PROSE = (*WORDS, "the", "and", "meeting", "regards", "of", "a", "tomorrow")
HARD = {
    "ordinary": [],
    "(a|b)*a(a|b){n}c": [f"(a|b)*a(a|b){{{100 + number}}}c" for number in range(16)],
    "200 of these": [f"(a|b)*a(a|b){{{30 + number % 65}}}c{number}" for number in range(200)],
    "with an umlaut": [f"(?i)(\u00fc|b)*\u00fc(\u00fc|b){{{30 + number}}}c" for number in range(8)],
    "(x+x+)+y": [rf"(x+x+)+y{number}" for number in range(16)],
    "(ab|c)*c(ab|c){n}": [f"x(?:ab|c)*c(?:ab|c){{{2 + number % 4}}}y{number}" for number in range(16)],
    "words": [f"{random.Random(number).randbytes(12).hex()}y" for number in range(200)],  # noqa: S311
    ".*.*=.*": [rf"(?s).*a.*b.*c.*{number}=.*z" for number in range(16)],
}
"""Patterns that make other engines slow: by states, by backtracking, by both."""


def guards(count: int) -> list[str]:
    """Return ordinary guards, no two alike."""
    drawn = random.Random(1)  # noqa: S311  # the same each time
    return [
        rf"(?i){first}\s+(?:all\s+)?{second}{number}\b.{{0,4}}{third}"
        for number in range(count)
        for first, second, third in [drawn.choices(WORDS, k=3)]
    ]


def policy_of(patterns: Sequence[str]) -> Policy:
    """Return a policy of a hundred rules with these guards."""
    rule = {"match": {"domain": "example.com"}, "when": {"injectionScore": {"atLeast": 0.9}}}
    written = {
        "defaultAction": "bounce",
        "senders": [*[rule] * 99, {"match": {"domain": "example.com"}}],
        "contentGuards": [{"reject": each, "reason": "r"} for each in patterns],
        "auditLog": {"retentionDays": 30},
    }
    return parse(written, version=1)[0]


def mail_of(octets: int, *, is_hard: bool) -> Seen:
    """Return a proven author's mail with so much text; a hard one begins with what hard patterns end with."""
    drawn = random.Random(2)  # noqa: S311
    if is_hard:
        text = "c y1 = z" + "".join(drawn.choices("abx\u00fc", weights=(5, 5, 1, 5), k=octets))
    else:
        text = " ".join(drawn.choices(PROSE, k=octets // 2))
    return see_mail({"from": "boss@example.com", "text": text.encode()[:octets].decode(errors="ignore")})


def cpu_ms(work: Callable[[], object]) -> tuple[float, float]:
    """Return the best and the middle CPU time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1_000)
    return min(times), sorted(times)[len(times) // 2]


def main() -> None:
    """Measure and print."""
    ordinary = guards(200)
    mail = mail_of(50_000, is_hard=False)
    text = mail.evidence.content.plain
    compiled = [re.compile(each) for each in ordinary]
    best, middle = cpu_ms(lambda: [each.search(text) for each in compiled])
    print(f"re, 200 patterns, 50 KB, one text:     best {best:8.2f} ms, middle {middle:8.2f} ms")
    for kind, hard in HARD.items():
        for is_warm in (True, False):
            policy = policy_of([*ordinary[: 200 - len(hard)], *hard])
            if is_warm:
                policy.guarded.warm()
            for size in (25_000, 50_000, 100_000):
                seen = mail_of(size, is_hard=bool(hard))
                if judge(seen, policy)[0].disposition is not Disposition.DELIVER:
                    raise SystemExit("a guard found something, or the text is too long: measure what passes")
                best, middle = cpu_ms(partial(judge, seen, policy))
                how = "hyperscan" if is_warm else "without"
                print(f"{kind:18} {how:9} {size // 1000:4} KB: best {best:8.2f} ms, middle {middle:8.2f} ms")


if __name__ == "__main__":
    main()
