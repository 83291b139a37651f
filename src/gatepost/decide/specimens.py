"""Mails that the names, conditions and limits of policies tell apart, described as fixtures are. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from itertools import islice, product
from typing import Any

from gatepost.decide.conditions import Condition
from gatepost.decide.fixtures import RECEIVED_AT
from gatepost.decide.grammar import Assurance
from gatepost.decide.hours import WorkingHours
from gatepost.decide.language import Policy
from gatepost.decide.party import fresh_among, one_of
from gatepost.mail.address import Address

AUTHORS_MAX = 5_000


def representatives(*policies: Policy) -> Iterator[Address]:
    """Return one author of each kind that the names in these policies tell apart, as far as they are addresses."""
    names = dict.fromkeys(name for policy in policies for rule in policy.rules for name in rule.names)
    fresh = fresh_among(names)
    yield Address(fresh, fresh)  # no more than a label, so that no "*." stands for whoever is named nowhere
    for name in names:
        if name != "*":
            found = one_of(name, fresh)
            yield found
            if "@" in name:
                yield Address(fresh, found.domain)


_PROOFS = ("dmarc", "aligned", "none", "unsettled")


def mails(*policies: Policy) -> Iterator[dict[str, Any]]:
    """Return mails, as fixtures describe them, that the names, conditions and limits in these policies tell apart."""
    authors = list(dict.fromkeys(islice(representatives(*policies), AUTHORS_MAX)))
    changes = list(_changes(policies))
    for change, author, proof in product(changes, authors, _PROOFS):
        yield {"from": author.key, "proof": proof, **change}


def _changes(policies: Iterable[Policy]) -> Iterator[dict[str, Any]]:
    rules = [rule for policy in policies for rule in policy.rules]
    yield {}
    for rule in rules:
        told: dict[str, Any] = {}
        for condition in rule.conditions:
            told |= _satisfying(condition)
        if rule.assurance is Assurance.SIGNED_BY:
            told |= {"signedBy": sorted(rule.vouchers)[:1]}
        if rule.assurance is Assurance.ARC:
            told |= {"sealedBy": min(rule.vouchers)}
        if told:
            yield told
        if rule.expires_at is not None:
            yield {**told, "receivedAt": rule.expires_at.isoformat()}
        counts = {"hour": rule.messages_hour, "day": rule.messages_day}
        if any(counts.values()):
            yield {**told, "counts": {name: count for name, count in counts.items() if count is not None}}
    yield from ({"text": word} for word in dict.fromkeys(_literals(policies)))


def _literals(policies: Iterable[Policy]) -> Iterator[str]:
    """Return texts that simple guards find: their own words, where they have no signs of RE2 but the case's."""
    for policy in policies:
        for guard in policy.guards:
            yield guard.pattern.source.removeprefix("(?i)")


def _file(kind: str, *, name: str = "a", **told: Any) -> dict[str, Any]:
    return {"attachments": [{"name": name, "type": kind, **told}]}


def _typed(types: list[str]) -> dict[str, Any]:
    first = types[0]
    return _file("a/a", name=f"a{first}") if first.startswith(".") else _file(first.replace("*", "any"))


def _at_hours(wanted: tuple[WorkingHours, str]) -> dict[str, Any]:
    hours, side = wanted
    at = hours.example(RECEIVED_AT, is_inside=side == "inside")
    return {} if at is None else {"receivedAt": at.astimezone(UTC).isoformat()}


_SATISFIED: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "injectionScore": lambda bounds: {"injectionScore": bounds.get("atLeast", 0)},
    "injectionFamilies": lambda families: {"injectionFamilies": families},
    "techniques": lambda techniques: {"techniques": techniques},
    "language": lambda languages: {"language": languages[0]},
    "workingHours": _at_hours,
    "scans": lambda results: {"scans": results},
    "hiddenText": lambda wanted: {"techniques": ["display-none"]} if wanted else {},
    "hasAttachments": lambda wanted: _file("a/a") if wanted else {},
    "attachmentTypes": _typed,
    "otherAttachmentTypes": lambda _: _file("application/x-other"),
    "unreadAttachments": lambda wanted: _file("a/a", read="encrypted") if wanted else {},
    "attachmentOctets": lambda bounds: _file("a/a", octets=bounds.get("over", -1) + 1),
    "messageOctets": lambda bounds: {"octets": bounds.get("over", -1) + 1},
}


def _satisfying(condition: Condition) -> dict[str, Any]:
    """Return what a mail has for which a condition holds, as far as one is easily described."""
    if condition.name in {"automatic", "tls", "firstTime", "answersUs", "replayed", "list"}:
        return {condition.name: condition.wanted}
    satisfied = _SATISFIED.get(condition.name)
    return satisfied(condition.wanted) if satisfied else {}
