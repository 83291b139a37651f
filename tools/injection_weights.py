"""Learn what each phrase counts and write ``src/gatepost/verify/injection/weights.py``; ``--held-out`` only reports.

A logistic model over the phrases of the worst window of each text, no weight below zero, fitted by plain gradient
descent from zero: no randomness, so the same corpus gives the same file. The held-out figures come from folds that
never share a group: an attacker's instruction, a jailbreak frame or a category is either learnt from or judged.
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
from gatepost.verify.injection import THRESHOLD, fold, scan, window
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
SHRINK = 0.001
"""What each weight pays for leaving its prior; keeps what the corpus seldom shows at what its author thought."""
BENIGN_WORTH = 2.0
"""How many missed attacks one false alarm is worth."""


@dataclass(frozen=True)
class Text:
    """One text of the corpus: where its phrases end, what it is, and with which others it must not be split."""

    name: str
    source: str
    group: str
    is_attack: bool
    found: list[tuple[int, int]]


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
        texts.append(Text(row["id"], f"{source}-mail", row["id"], is_attack=False, found=_read(words)))
    texts.extend(
        Text(row["id"], "benign-unicode", row["id"], is_attack=False, found=_read(row["text"]))
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
    for name in ("everyday", "blind_honest"):
        for number, row in enumerate(tomllib.loads((SEEN / f"{name}.toml").read_text())["mails"]):
            words = _mail(row[-1]) if row[-1].startswith("<html") else row[-1]
            yield Text(f"{name}/{number}", name, f"{name}/{number}", is_attack=False, found=_read(words))
    for number, row in enumerate(tomllib.loads((SEEN / "blind_attacks.toml").read_text())["attack"]):
        if row["family"] != "canary":
            words = row.get("payload") or (_mail(row["html"]) if "html" in row else row["body"])
            yield Text(f"blind/{number}", "blind", f"blind/{number}", is_attack=True, found=_read(words))


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


def score(text: Text, bias: float, weights: Sequence[float]) -> float:
    """Return what the model says of one text."""
    return _sigmoid(bias + window.worst(text.found, weights).weight)


def _fold(group: str) -> int:
    return hashlib.sha256(group.encode()).digest()[0] % FOLDS


def held_out(texts: Sequence[Text], *, by_source: bool) -> dict[str, list[float]]:
    """Return, for each source, the scores of its texts by models that have not seen their group (or their source)."""
    scores: dict[str, list[float]] = defaultdict(list)
    parts = sorted({text.source for text in texts}) if by_source else range(FOLDS)
    for part in parts:
        judged = [t for t in texts if (t.source if by_source else _fold(t.group)) == part]
        bias, weights = fit([t for t in texts if (t.source if by_source else _fold(t.group)) != part])
        for text in judged:
            scores[text.source].append(score(text, bias, weights))
    return scores


def report(texts: Sequence[Text]) -> None:
    """Print how many of each source the models of the folds flag."""
    attacks = {text.source for text in texts if text.is_attack}
    by_group, by_source = held_out(texts, by_source=False), held_out(texts, by_source=True)
    print(f"{'source':<16}{'texts':>6}{'unseen group':>14}{'unseen source':>15}")
    for source in sorted(by_group, key=lambda s: (s not in attacks, s)):
        shares = [sum(s >= THRESHOLD for s in which[source]) / len(which[source]) for which in (by_group, by_source)]
        print(f"{source:<16}{len(by_group[source]):>6}{shares[0]:>14.1%}{shares[1]:>15.1%}")


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
    write(*fit(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
