"""Messages that leave, as the gates of two ``outbound`` tell them apart: one that gets further refutes a proof. Pure.

Each answers a kept message of a proven author and goes to that author, which needs no capability. So what a draft lets
further out here it lets out whatever else it grants. Of files, and of several recipients, there are none: no door takes
files from an agent, and further recipients need what a rule grants.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from gatepost.decide.ending import Ending
from gatepost.decide.fixtures import see_mail
from gatepost.decide.loops import BRAKE
from gatepost.decide.outbound import judge_both
from gatepost.decide.outbound_language import Limit, OutboundPolicy, Stop
from gatepost.decide.outbound_widening import is_further
from gatepost.decide.paper import Answered, Counted, Disposition, Facts, Leaving, Seen
from gatepost.decide.party import fresh_among, one_of
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

_AGENT = Address("agent", "x-house.invalid")
_PARENT = EmailId("em_parent")
_PARTIES_MAX = 30
_SAID = {
    "": "hello",
    "a card's number": "4111 1111 1111 1111",
    "an IBAN": "DE89 3704 0044 0532 0130 00",
    "a password": "https://admin:Xk29fjQ8vLw7@db.x-house.invalid/",
}
_ALL_OPEN = OutboundPolicy(
    to_machines=Disposition.DELIVER, stops=dict.fromkeys(Stop, Disposition.DELIVER), replies=Limit()
)
"""What a mailbox's own may be at most, below the tenant's."""


@dataclass(frozen=True, slots=True)
class _Message:
    to: Address
    what: str = ""
    text: str = "hello"
    is_known: bool = True
    to_machine: bool = False
    leaving: Leaving = field(default_factory=Leaving)

    def seen(self) -> Seen:
        seen = see_mail({"from": str(_AGENT), "text": self.text})
        known = frozenset({self.to.key}) if self.is_known else frozenset[str]()
        answered = Answered(email=_PARENT, author=self.to, was_proven=True, was_automatic=self.to_machine)
        facts = Facts(answered=answered, leaving=replace(self.leaving, contacts=known))
        evidence = replace(seen.evidence, auth=True)
        return structs.replace(seen, evidence=evidence, facts=facts, envelope=Envelope(_AGENT, (self.to,)))


def further(live: OutboundPolicy | None, draft: OutboundPolicy | None, *, is_tenant_wide: bool) -> str:
    """Return a message, in a few words, that the draft lets further out than what is in force; empty where none is."""

    def end(policy: OutboundPolicy | None, seen: Seen) -> Ending:
        return judge_both(seen, _ALL_OPEN if is_tenant_wide else policy, policy if is_tenant_wide else None)[0]

    for message in _messages(live or OutboundPolicy(), draft or OutboundPolicy()):
        seen = message.seen()
        if is_further(end(draft, seen), end(live, seen)):
            return f"an answer to {message.to}" + (f" with {message.what}" if message.what else "")
    return ""


def _messages(live: OutboundPolicy, draft: OutboundPolicy) -> Iterator[_Message]:
    tails = ["", *(f"\n{each.footer}" for each in (live, draft) if each.footer)]
    said = [*_SAID.items(), *(("a canary's mark", mark) for mark in live.marks if mark not in draft.marks)]
    for to in _recipients(live, draft):
        for tail in tails:
            for what, text in said:
                yield _Message(to, what, f"{text}{tail}")
            hello = _Message(to, text=f"hello{tail}")
            yield replace(hello, is_known=False, what="no contact before")
            yield replace(hello, to_machine=True, what="a machine's mail before it")
            yield replace(hello, leaving=Leaving(others=1), what="another correspondent's address")
            for what, leaving in _counts(live, draft):
                yield replace(hello, leaving=leaving, what=what)


def _recipients(live: OutboundPolicy, draft: OutboundPolicy) -> Iterator[Address]:
    named = {one for each in (draft, live) if each.recipients for one in each.recipients.parties}
    fresh = fresh_among(named)
    yield Address(fresh, _AGENT.domain)
    yield Address(fresh, fresh)
    yield from (one_of(party, fresh) for party in sorted(named)[:_PARTIES_MAX])


def _counts(live: OutboundPolicy, draft: OutboundPolicy) -> Iterator[tuple[str, Leaving]]:
    for name, one, other in (
        ("agent", live.per_agent, draft.per_agent),
        ("recipient", live.per_recipient, draft.per_recipient),
        ("domain", live.per_domain, draft.per_domain),
        ("replies", live.replies or BRAKE, draft.replies or BRAKE),
    ):
        hours = {limit.hour + 1 for limit in (one, other) if limit.hour is not None}
        days = {limit.day + 1 for limit in (one, other) if limit.day is not None}
        for count in [Counted(each, each) for each in hours] + [Counted(0, each) for each in days]:
            known: dict[str, Any] = {name: count}
            yield f"{count.day - 1} before it ({name})", Leaving(**known)
