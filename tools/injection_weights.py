"""Learn what each phrase counts and write ``src/gatepost/verify/injection/weights.py``; ``--held-out`` only reports.

A logistic model over the phrases of the worst window of each text, no weight below zero, fitted by plain gradient
descent from zero: no randomness, so the same corpus gives the same file. The held-out figures come from folds that
never share a group: an attacker's instruction, a jailbreak frame or a category is either learnt from or judged.
From the same folds comes how far the bias is lowered: until so few ordinary honest mails are flagged by models that
have not seen them that the upper bound of their share (Clopper and Pearson, one-sided) is ``LIMIT``.
"""

import hashlib
import json
import math
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.injection import fold, scan, window
from gatepost.verify.injection.phrases import PHRASES

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "src" / "gatepost" / "verify" / "injection" / "weights.py"
CORPUS = ROOT / "tests" / "vectors" / "injection"
REQUESTS = ROOT / "bench" / "injection" / "requests.txt"
ORDERS = ROOT / "bench" / "injection" / "orders.txt"
SEEN = ROOT / "tests" / "verify" / "injection"
"""Sets that were measured once and are learnt from since: what is not in here is still unseen."""

FOLDS = 5
ROUNDS = 6
STEPS = 250
RATE = 0.8
SHRINK = 0.0003
"""What each weight pays for leaving its prior; keeps what the corpus seldom shows at what its author thought."""
BENIGN_WORTH = 4.0
"""How many missed attacks one false alarm is worth."""
LIMIT = 0.014
"""What share of ordinary honest mail may be flagged, at most, as surely as ``CONFIDENCE`` says."""
CONFIDENCE = 0.95
TALK = {
    "ai",
    "ai-tips",
    "awareness",
    "data",
    "developer",
    "engineering",
    "prompt-topic",
    "quoted",
    "review",
    "security",
    "training",
}
"""Kinds of honest mail about programs, agents and attacks: told apart, for they quote what the phrases look for."""


@dataclass(frozen=True)
class Text:
    """One text of the corpus: where its phrases end, what it is, and with which others it must not be split.

    ``is_ordinary`` says that it is an honest mail and not one about programs and attacks (``TALK``).
    """

    name: str
    source: str
    group: str
    is_attack: bool
    found: list[tuple[int, int]]
    is_ordinary: bool = False


def _read(text: str) -> list[tuple[int, int]]:
    return sorted(scan.scan(fold.fold(fold.seen(text)[0])).found)


def _mail(html: str) -> str:
    raw = b"From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    raw += html.encode()
    return content.read(raw, fields.split(raw)).reading.human


def _rows(name: str) -> Iterable[dict[str, str]]:
    for line in (CORPUS / name).read_text().splitlines():
        yield json.loads(line)


def load() -> list[Text]:
    """Return the corpus as found phrases."""
    texts = []
    for row in _rows("attacks.jsonl"):
        source = row["id"].split("/")[0]
        group = next((row[key] for key in GROUP_KEYS if row.get(key)), row["id"])
        words = row.get("attacker_instruction") or row["text"]  # not the tool's output around it: that is no sign
        texts.append(Text(row["id"], source, f"{source}/{group}", is_attack=True, found=_read(words)))
    for row in _rows("benign.jsonl"):
        source = row["id"].split("/")[0]
        words = row.get("text") or _mail(row["html"])
        texts.append(
            Text(row["id"], f"{source}-mail", row["id"], is_attack=False, found=_read(words), is_ordinary=True)
        )
    texts.extend(
        Text(row["id"], "benign-unicode", row["id"], is_attack=False, found=_read(row["text"]), is_ordinary=True)
        for row in _rows("benign-unicode.jsonl")
    )
    for source, path in (("requests", REQUESTS), ("orders", ORDERS)):
        texts.extend(
            Text(f"{source}/{number}", source, f"{source}/{number}", is_attack=path is ORDERS, found=_read(line))
            for number, line in enumerate(path.read_text().splitlines())
        )
    texts.extend(_seen())
    return texts


def _seen() -> Iterable[Text]:
    """Yield the sets that were blind once, each mail by its own words or by those it smuggles."""
    for name in ("everyday", "blind_honest", "second_honest", "third_honest"):
        mails = tomllib.loads((SEEN / f"{name}.toml").read_text("utf-8"))["mails"]
        yield from (_honest(name, number, row[0], row[-1]) for number, row in enumerate(mails))
    for name in ("blind", "second", "third"):
        for number, row in enumerate(tomllib.loads((SEEN / f"{name}_attacks.toml").read_text("utf-8"))["attack"]):
            if row["family"] != "canary":
                words = row.get("payload") or (_mail(row["html"]) if "html" in row else row["body"])
                yield Text(f"{name}/{number}", name, f"{name}/{number}", is_attack=True, found=_read(words))


def unlearnt() -> Iterable[Text]:
    """Yield honest mail that no weight is learnt from: it is judged only."""
    for name, key in (("honest", "mail"), ("strangers", "honest")):
        mails = tomllib.loads((SEEN / f"{name}.toml").read_text("utf-8"))[key]
        for number, row in enumerate(mails):
            yield _honest(f"{name}-unlearnt", number, row["kind"], row.get("html") or row["body"])


def _honest(source: str, number: int, kind: str, body: str) -> Text:
    words = _mail(body) if body.startswith("<html") else body
    name = f"{source}/{number}"
    return Text(name, source, name, is_attack=False, found=_read(words), is_ordinary=kind not in TALK)


GROUP_KEYS = ("attacker_instruction", "category", "jailbreak_type", "injection_variant", "group")


def fit(texts: Sequence[Text]) -> tuple[float, list[float]]:
    """Return the bias and one weight for each phrase."""
    weights = [phrase.prior for phrase in PHRASES]
    bias = -3.5
    share: dict[tuple[str, bool], int] = defaultdict(int)
    for text in texts:
        share[text.source, text.is_attack] += 1
    worth = [_worth(text, share) for text in texts]
    for _ in range(ROUNDS):
        seen = [tuple(window.worst(text.found, weights).ends) for text in texts]
        bias, weights = _descend(texts, seen, worth, bias, weights)
    return bias, weights


def _worth(text: Text, share: dict[tuple[str, bool], int]) -> float:
    """A large source counts more than a small one, but not in proportion."""
    return (1.0 if text.is_attack else BENIGN_WORTH) / math.sqrt(share[text.source, text.is_attack])


def _descend(
    texts: Sequence[Text], seen: Sequence[tuple[int, ...]], worth: Sequence[float], bias: float, weights: list[float]
) -> tuple[float, list[float]]:
    total = sum(worth)
    for _ in range(STEPS):
        slope = [0.0] * len(weights)
        lean = 0.0
        for text, phrases, counts in zip(texts, seen, worth, strict=True):
            error = (_sigmoid(bias + sum(weights[p] for p in phrases)) - text.is_attack) * counts / total
            lean += error
            for phrase in phrases:
                slope[phrase] += error
        bias -= RATE * 4 * lean
        weights = [
            max(0.0, w - RATE * 4 * (s + SHRINK * (w - phrase.prior)))
            for w, s, phrase in zip(weights, slope, PHRASES, strict=True)
        ]
    return bias, weights


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))


def logit(text: Text, bias: float, weights: Sequence[float]) -> float:
    """Return what the model says of one text, in log-odds: flagged from 0 on."""
    return bias + window.worst(text.found, weights).weight


def _fold(group: str) -> int:
    return hashlib.sha256(group.encode()).digest()[0] % FOLDS


@dataclass(frozen=True)
class Judged:
    """A text and what a model that has not seen its group, or its source, says of it."""

    text: Text
    logit: float


def held_out(texts: Sequence[Text], judged_only: Sequence[Text] = (), *, by_source: bool) -> list[Judged]:
    """Return every text as judged by a model that has not learnt from its group (or its source)."""

    def part_of(text: Text) -> str | int:
        return text.source if by_source else _fold(text.group)

    judged = []
    for part in sorted({part_of(text) for text in (*texts, *judged_only)}, key=str):
        bias, weights = fit([text for text in texts if part_of(text) != part])
        theirs = (text for text in (*texts, *judged_only) if part_of(text) == part)
        judged += [Judged(text, logit(text, bias, weights)) for text in theirs]
    return judged


def upper_bound(flagged: int, mails: int) -> float:
    """Return the share that is exceeded with a chance of ``1 - CONFIDENCE`` where so many of so many were flagged."""
    low, high = flagged / mails, 1.0
    for _ in range(50):
        share = (low + high) / 2
        chance = sum(math.comb(mails, k) * share**k * (1 - share) ** (mails - k) for k in range(flagged + 1))
        low, high = (share, high) if chance > 1 - CONFIDENCE else (low, share)
    return high


def margin(judged: Sequence[Judged]) -> float:
    """Return how far the bias must be lowered for the ordinary honest mails of ``judged`` to stay below ``LIMIT``."""
    logits = sorted((one.logit for one in judged if one.text.is_ordinary), reverse=True)
    may_be_flagged = 0
    while upper_bound(may_be_flagged + 1, len(logits)) <= LIMIT:
        may_be_flagged += 1
    return max(0.0, logits[may_be_flagged] + 0.01)  # the next one stays out, rounding included


def report(texts: Sequence[Text]) -> None:
    """Print how many of each source the models of the folds flag, with the bias lowered as in the file."""
    attacks = {text.source for text in texts if text.is_attack}
    by_group = held_out(texts, list(unlearnt()), by_source=False)
    by_source = held_out(texts, by_source=True)
    lowered = margin(by_group)
    print(f"{'source':<19}{'texts':>6}{'unseen group':>14}{'unseen source':>15}")
    for source in sorted({one.text.source for one in by_group}, key=lambda s: (s not in attacks, s)):
        print(f"{source:<19}", end="")
        theirs = [one.logit for one in by_group if one.text.source == source]
        print(f"{len(theirs):>6}{sum(x >= lowered for x in theirs) / len(theirs):>14.1%}", end="")
        theirs = [one.logit for one in by_source if one.text.source == source]
        print(f"{sum(x >= lowered for x in theirs) / len(theirs):>15.1%}" if theirs else "")
    for says, wanted in (("ordinary honest mail", True), ("mail about machines", False)):
        theirs = [o.logit for o in by_group if _is_honest_mail(o.text) and o.text.is_ordinary == wanted]
        flagged = sum(x >= lowered for x in theirs)
        print(f"{says}: {flagged} of {len(theirs)}, at most {upper_bound(flagged, len(theirs)):.2%}")


def _is_honest_mail(text: Text) -> bool:
    return not text.is_attack and text.source != "requests"


def write(bias: float, weights: Sequence[float]) -> None:
    """Write the model as a module."""
    lines = [
        '"""What each phrase counts: log-odds, learnt by ``tools/injection_weights.py``; do not edit by hand."""\n',
        f"BIAS = {bias:.2f}",
        "WEIGHTS = {",
        *(f'    "{phrase.name}": {weight:.2f},' for phrase, weight in zip(PHRASES, weights, strict=True)),
        "}",
    ]
    TARGET.write_text("\n".join(lines) + "\n")


def main(arguments: list[str]) -> int:
    """Learn and write, or report."""
    texts = load()
    if "--held-out" in arguments:
        report(texts)
        return 0
    bias, weights = fit(texts)
    write(bias - margin(held_out(texts, list(unlearnt()), by_source=False)), weights)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
