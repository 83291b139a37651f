"""Mails that a policy's author describes, judged as a real one would be. Pure.

A fixture is read back the way a replay reads an entry, so that nothing here can differ from what is decided for real.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from gatepost.decide import replay
from gatepost.decide.ending import Ending, Judged
from gatepost.decide.fixture_language import FIXTURES, MAIL
from gatepost.decide.language import Policy, check_faults
from gatepost.decide.paper import Counted, Seen, Step
from gatepost.decide.rules import judge_both
from gatepost.decide.shape import Faults
from gatepost.mail.address import Address
from gatepost.mail.kinds import Begins
from gatepost.verify.paper import Attachment, Content, Extraction, ModelView, Reading, Span, Technique

RECEIVED_AT = datetime(2026, 1, 7, 12, tzinfo=UTC)
"""When a fixture that does not say it came: a Wednesday at noon, for a test must not depend on the day it is run."""
_OCTETS = 2_000


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one fixture; ``faults`` has a sentence for each expectation that does not hold."""

    name: str
    ending: Ending
    trace: tuple[Step, ...]
    faults: tuple[str, ...]


def read_fixtures(found: object) -> list[dict[str, Any]]:
    """Return what a file beside a policy says: a list of tests, or an object whose member ``tests`` is one.

    Raises:
        PolicyError: it is neither.
    """
    listed = found.get("tests") if isinstance(found, dict) else found
    faults = Faults()
    fixtures: Any = FIXTURES(listed, "tests", faults)
    check_faults(faults)
    return list(fixtures)


def read_mail(found: object) -> dict[str, Any]:
    """Return one mail as fixtures describe it; raises ``PolicyError``."""
    faults = Faults()
    mail: Any = MAIL(found, "mail", faults)
    check_faults(faults)
    return dict(mail)


def run(policy: Policy, fixtures: Sequence[Mapping[str, Any]], *, above: Policy | None = None) -> list[Tried]:
    """Judge each fixture."""
    return [_try(policy, above, each) for each in fixtures]


def judge_mail(mail: Mapping[str, Any], policy: Policy, *, above: Policy | None = None) -> Judged:
    """Judge one described mail: whatever window a rule counts in, its counts are as described."""
    return judge_both(_counted(see_mail(mail), policy, above), policy, above)


def _try(policy: Policy, above: Policy | None, fixture: Mapping[str, Any]) -> Tried:
    ending, trace = judge_mail(fixture["mail"], policy, above=above)
    came: dict[str, object] = {
        "action": ending.disposition.value,
        "reason": ending.reason.value,
        "detail": ending.detail,
        "rule": _rule(trace),
        "capabilities": sorted(ending.grant.capabilities) if ending.grant else [],
        "labels": list(ending.labels),
    }
    faults = []
    for name, wanted in fixture["expect"].items():
        expected = sorted(wanted) if name == "capabilities" else wanted
        if came[name] != expected:
            faults.append(f"{name}: {_spelled(expected)} was expected, {_spelled(came[name])} came")
    return Tried(fixture["name"], ending, trace, tuple(faults))


def _counted(seen: Seen, *policies: Policy | None) -> Seen:
    """Let the mail's counts stand for those of whichever window its rule counts in."""
    author, facts = seen.evidence.author, seen.facts
    if author is None:
        return seen
    rules = (rule for policy in policies if policy for rule in policy.rules_for(author))
    windows = {window for rule in rules if (window := rule.window_of(author)) is not None}
    count = Counted(facts.messages_hour, facts.messages_day)
    return structs.replace(seen, facts=replace(facts, windows=dict.fromkeys(windows, count)))


def _spelled(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _rule(trace: Sequence[Step]) -> int | None:
    said = next((step.result for step in trace if step.check == "rule"), "none")
    return None if said == "none" else int(said.removeprefix("senders[").removesuffix("]"))


def see_mail(mail: Mapping[str, Any]) -> Seen:
    """Return what a decision would see of a described mail, as ``MAIL`` has read it."""
    counts = mail.get("counts", {})
    told = {
        "evidence": _evidence(mail),
        "size": mail.get("octets", _OCTETS),
        "tls": mail.get("tls", True),
        "counts": [counts.get(name, 0) for name in ("hour", "day", "tokensThread", "tokensDay", "tokensSender")],
        "windows": {},
        "past": [mail.get("firstTime", False), mail.get("answersUs", False), mail.get("replayed", False)],
        "ruling": None,
    }
    at = datetime.fromisoformat(mail["receivedAt"]) if "receivedAt" in mail else RECEIVED_AT
    return replay.read(told, received_at=at, said=_content(mail))


def _evidence(mail: Mapping[str, Any]) -> dict[str, Any]:
    author, proof = Address.parse(mail["from"]), mail.get("proof", "dmarc")
    is_proven = proof in {"dmarc", "aligned"}
    own = [["temperror" if proof == "unsettled" else "pass", author.domain, is_proven, 0, ""]]
    others = [["pass", domain, is_proven and domain == author.domain, 0, ""] for domain in mail.get("signedBy", ())]
    dmarc = {"dmarc": "pass", "aligned": "none", "none": "fail", "unsettled": "temperror"}[proof]
    seal = mail.get("sealedBy")
    return {
        "author": [author.local, author.domain],
        "spf": ["pass" if mail.get("spf", is_proven) else "none", author.domain if is_proven else "elsewhere.invalid"],
        "dkim": [*([] if proof == "none" else own), *others],
        "dmarc": [dmarc, author.domain],
        "arc": ["none", []] if seal is None else ["pass", [[1, seal, True]]],
        "flags": [is_proven, proof == "unsettled", False],
        "injection": [mail.get("injectionScore", 0), mail.get("injectionFamilies", [])],
        "scans": [["a scanner", result] for result in mail.get("scans", ())],
        "language": mail.get("language", ""),
        "auto": [["auto-submitted"] if mail.get("automatic") else [], False],
    }


def _content(mail: Mapping[str, Any]) -> Content:
    text = mail.get("text", "")
    reading = Reading(
        text,
        ModelView(text or mail.get("html", "")),
        spans=tuple(Span(Technique(each), "", 0, 0, "") for each in mail.get("techniques", ())),
        attachments=tuple(_file(number, each) for number, each in enumerate(mail.get("attachments", ()), start=1)),
        is_malformed=mail.get("damaged", False),
    )
    subject = mail.get("subject", "")
    return Content(
        subject=subject,
        plain=text,
        html=mail.get("html", ""),
        reading=reading,
        message_id="",
        references=(),
        reply_to=(),
        list_id=mail.get("list", ""),
        headers=mail.get("headers", f"From: {mail['from']}\nSubject: {subject}"),
    )


def _file(number: int, told: Mapping[str, Any]) -> Attachment:
    said = told.get("text", "")
    extraction = Extraction(told.get("read", Extraction.DONE if said else Extraction.NOT_TRIED))
    return Attachment(
        number, told["name"], told["type"], told.get("octets", 1_000), said, extraction, Begins(told.get("begins", ""))
    )
