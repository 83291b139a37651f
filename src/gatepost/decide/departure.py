"""What a decision saw of a message that leaves, besides its evidence: kept in the entry's opening, for a replay. Pure.

Of whom the account knows only the message's own recipients are told: no other can change the decision.
"""

from dataclasses import dataclass, replace
from typing import Any

from gatepost.arrive.paper import Arrived
from gatepost.decide.paper import Answered, Counted, Facts, Leaving
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import Evidence, Family, Signal

_SOMEBODY = Address("somebody", "unknown.invalid")
_CANARY = Signal("canary.text", Family.CANARY, "", 0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where it goes, and what was known of that."""

    envelope: Envelope
    evidence: Evidence
    facts: Facts


def spell(arrived: Arrived, evidence: Evidence, facts: Facts) -> dict[str, Any]:
    """Return it as JSON."""
    to, leaving, answered = arrived.envelope.rcpt_to, facts.leaving, facts.answered
    return {
        "to": [_address(each) for each in to],
        "is_notice": arrived.envelope.mail_from is None,
        "contacts": [each.key in leaving.contacts for each in to],
        "thread": [each.key in leaving.thread for each in to],
        "others": leaving.others,
        "counts": [
            [each.hour, each.day] for each in (leaving.agent, leaving.recipient, leaving.domain, leaving.replies)
        ],
        "answered": None if answered is None else _answered(answered),
        "is_sandboxed": facts.is_sandboxed,
        "own_references": evidence.auto.own_references,
        "has_canary": any(sign.family is Family.CANARY for sign in evidence.injection.signals),
    }


def _address(address: Address) -> list[str]:
    return [address.local, address.domain]


def _answered(answered: Answered) -> list[Any]:
    reply_to = [_address(each) for each in answered.reply_to]
    return [answered.email, _address(answered.author), answered.was_proven, answered.was_automatic, reply_to]


def read(told: dict[str, Any], evidence: Evidence, facts: Facts) -> Departure:
    """Return what ``spell`` told, with the evidence and the facts that every entry tells.

    Raises:
        LookupError, TypeError, ValueError: this is not what ``spell`` writes.
    """
    to = tuple(Address(*each) for each in told["to"])
    agent, recipient, domain, replies = (Counted(*each) for each in told["counts"])
    leaving = Leaving(
        contacts=_those(to, told["contacts"]),
        thread=_those(to, told["thread"]),
        others=told["others"],
        agent=agent,
        recipient=recipient,
        domain=domain,
        replies=replies,
    )
    answered = None if told["answered"] is None else _read_answered(told["answered"])
    signs = (_CANARY,) if told["has_canary"] else ()
    mail_from = None if told["is_notice"] else (evidence.author or _SOMEBODY)
    return Departure(
        Envelope(mail_from, to),
        replace(
            evidence,
            injection=replace(evidence.injection, signals=signs),
            auto=replace(evidence.auto, own_references=told["own_references"]),
        ),
        replace(facts, leaving=leaving, answered=answered, is_sandboxed=told["is_sandboxed"]),
    )


def _those(to: tuple[Address, ...], is_one: list[bool]) -> frozenset[str]:
    return frozenset(each.key for each, is_so in zip(to, is_one, strict=True) if is_so)


def _read_answered(told: list[Any]) -> Answered:
    email, author, was_proven, was_automatic, reply_to = told
    return Answered(
        email=EmailId(email),
        author=Address(*author),
        was_proven=was_proven,
        was_automatic=was_automatic,
        reply_to=tuple(Address(*each) for each in reply_to),
    )
