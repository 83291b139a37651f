"""What docs/policy.md says becomes of a message from a stranger, written once more: slow, plain, by the page alone.

It reads a policy as its author wrote it and a mail as ``draws`` describes one. It shares nothing with the room it
judges but the words of the language: no parser, no index, no gate, no pattern engine.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Doc = Mapping[str, Any]
STRICTER = ["deliver", "hold", "defer", "discard", "reject"]
CHECKS_ALOUD = 8  # "up to eight lines name rules that go by the author's name and were passed over"
USUAL_WAIT = (timedelta(days=7), "refuse")


@dataclass(frozen=True)
class Said:
    """What becomes of a message; ``wait`` counts where it is held."""

    action: str
    reason: str
    detail: str = ""
    rule: int | None = None
    capabilities: tuple[str, ...] | None = None
    budget: Doc = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    wait: tuple[timedelta, str] = USUAL_WAIT
    trace: tuple[str, ...] = ()


# Who is meant


def name_of(written: str) -> str:
    """Return an address or a domain as it is compared: "without regard to case and quoting", in A-labels."""
    local, at, domain = written.rpartition("@")
    star = "*." if domain.startswith("*.") else ""
    labels = domain.removeprefix(star).removesuffix(".").lower().encode("idna").decode()
    return local.replace('"', "").replace("\\", "").lower() + at + star + labels


def is_below(domain: str, above: str) -> bool:
    return domain != above and domain.endswith("." + above)


def is_party(author: str, party: str) -> bool:
    """Tell whether one of "addresses, domains, and ``*.domain``" names the author."""
    domain, named = author.rpartition("@")[2], name_of(party)
    if "@" in named:
        return author == named
    return is_below(domain, named[2:]) if named.startswith("*.") else domain == named


def names(policy: Doc, match: Doc, author: str) -> bool:
    """Tell whether all that a match says of the author's name holds."""
    domain = author.rpartition("@")[2]
    is_named = [True]
    if "address" in match:
        is_named.append(author == name_of(match["address"]))
    if "domain" in match:
        above = name_of(match["domain"])
        is_named.append(domain == above or (bool(match.get("subdomains")) and is_below(domain, above)))
    if "group" in match:
        is_named.append(any(is_party(author, each) for each in policy["groups"][match["group"]]))
    return all(is_named)


def organization(domain: str) -> str:
    """Return the registrable domain of the test's own domains, which all have two labels."""
    return ".".join(domain.split(".")[-2:])


# How it is proven: pass, fail, unsettled


def proven(*, is_so: bool, is_unknown: bool) -> str:
    return "pass" if is_so else "unsettled" if is_unknown else "fail"


def aligned(mail: Doc) -> str:
    return proven(is_so=mail["aligned"], is_unknown=mail["unsettled"])


def dmarc(mail: Doc) -> str:
    if mail["dmarc"] == "none":
        return "fail"
    return proven(is_so=mail["dmarc"] == "pass", is_unknown=mail["dmarc"] == "temperror" or mail["unsettled"])


def assured(mail: Doc, wanted: Any, *, by_list: bool) -> str:
    if isinstance(wanted, dict):
        ((how, listed),) = wanted.items()
        trusted = {name_of(each) for each in listed}
        if how == "signedBy":
            theirs = [each for each in mail["dkim"] if each["domain"] in trusted]
            whole = [{**each, "is_whole": each["is_whole"] and (each["signs_list"] or not by_list)} for each in theirs]
            return signed(whole)
        is_sealed = mail["arc"] == "pass" and vouches(mail["seals"], trusted)
        return proven(is_so=mail["aligned"] or is_sealed, is_unknown=mail["unsettled"] or mail["arc"] == "temperror")
    match wanted:
        case "none":
            return "pass"
        case "dmarc":
            return dmarc(mail)
        case "dmarcOrAligned" if mail["dmarc"] != "none":
            return dmarc(mail)
        case _:
            return aligned(mail)


def vouches(seals: list[tuple[str, bool]], trusted: set[str]) -> bool:
    """Tell whether "a listed domain vouches, and every later seal is by a listed domain too"."""
    return any(
        claims and all(later in trusted for later, _ in seals[number:]) for number, (_, claims) in enumerate(seals)
    )


def signed(signatures: Collection[Doc]) -> str:
    """Weigh those signatures that count; one that "leaves part of the body open" proves nothing."""
    return proven(
        is_so=any(each["result"] == "pass" and each["is_whole"] for each in signatures),
        is_unknown=any(each["result"] == "temperror" for each in signatures),
    )


def dkim(mail: Doc) -> str:
    domain = mail["author"].rpartition("@")[2]
    own = [each for each in mail["dkim"] if organization(each["domain"]) == organization(domain)]
    return signed(own)


def spf(mail: Doc) -> str:
    result, domain = mail["spf"]
    is_own = organization(domain) == organization(mail["author"].rpartition("@")[2])
    return proven(is_so=is_own and result == "pass", is_unknown=is_own and result == "temperror")


# What the conditions ask: True, False, or None where it cannot be known


def is_inside(hours: Doc, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(hours["timeZone"])).replace(tzinfo=None)
    return any(
        begin <= local < end
        for day in (local.date() - timedelta(days=1), local.date())
        if day.strftime("%A").lower() in hours["days"]
        for begin, end in [shift(hours, day)]
    )


def shift(hours: Doc, day: date) -> tuple[datetime, datetime]:
    begin, end = (
        datetime.combine(day, datetime.min.time()) + timedelta(hours=int(clock[:2]), minutes=int(clock[3:]))
        for clock in (hours["from"], hours["to"])
    )
    return begin, end if begin < end else end + timedelta(days=1)


def either(*, yes: bool, is_known: bool) -> bool | None:
    return True if yes else False if is_known else None


def turned(answer: Any, wanted: Any) -> bool | None:
    return None if answer is None else answer is wanted


def bounded(count: float, bounds: Mapping[str, float]) -> bool:
    is_over = count > bounds.get("over", -1) and count >= bounds.get("atLeast", 0)
    return is_over and count <= bounds.get("atMost", count) and count < bounds.get("below", count + 1)


def may_be(file: Doc, types: Iterable[str]) -> bool:
    """Tell whether one of the "three things that speak for a file" says so."""
    return bool(file["signs"] & {*types})


def is_surely(file: Doc, types: Iterable[str]) -> bool:
    """Tell whether it is said to be so "and nothing speaks against it"."""
    return bool(file["said"] & {*types}) and file["signs"] <= {*types}


def hidden(mail: Doc, techniques: Collection[str]) -> bool | None:
    is_known = not mail["is_damaged"] and not mail["is_cut"]
    return either(yes=any(each in techniques for each in mail["techniques"]), is_known=is_known)


def of_types(mail: Doc, types: Collection[str]) -> bool | None:
    is_so = any(is_surely(each, types) for each in mail["files"])
    return either(yes=is_so, is_known=not mail["is_damaged"] and not any(may_be(each, types) for each in mail["files"]))


def of_other_types(mail: Doc, types: Collection[str]) -> bool | None:
    is_so = any(not may_be(each, types) for each in mail["files"])
    return either(yes=is_so, is_known=not mail["is_damaged"] and all(is_surely(each, types) for each in mail["files"]))


def in_language(mail: Doc, languages: Collection[str]) -> bool | None:
    is_known = mail["language"] is not None and not mail["is_damaged"] and not mail["is_cut"]
    return mail["language"] in languages if is_known else None


ASKED: Mapping[str, Callable[[Doc, Any], bool | None]] = {
    "injectionScore": lambda mail, bounds: bounded(mail["score"], bounds),
    "injectionFamilies": lambda mail, wanted: any(each in wanted for each in mail["families"]),
    "hiddenText": lambda mail, wanted: turned(hidden(mail, ("display-none", "html-comment")), wanted),
    "techniques": hidden,
    "hasAttachments": lambda mail, wanted: turned(
        either(yes=bool(mail["files"]), is_known=not mail["is_damaged"]), wanted
    ),
    "attachmentTypes": of_types,
    "otherAttachmentTypes": of_other_types,
    "attachmentOctets": lambda mail, bounds: bounded(sum(each["octets"] for each in mail["files"]), bounds),
    "unreadAttachments": lambda mail, wanted: any(each["is_unread"] for each in mail["files"]) is wanted,
    "messageOctets": lambda mail, bounds: bounded(mail["octets"], bounds),
    "scans": lambda mail, wanted: any(each in wanted for each in mail["scans"]),
    "language": in_language,
    "list": lambda mail, wanted: bool(mail["list"] == name_of(wanted)),
    "automatic": lambda mail, wanted: turned(mail["automatic"], wanted),
    "tls": lambda mail, wanted: turned(mail["tls"], wanted),
    "firstTime": lambda mail, wanted: turned(mail["firstTime"], wanted),
    "replayed": lambda mail, wanted: turned(mail["replayed"], wanted),
    "answersUs": lambda mail, wanted: turned(mail["answersUs"], wanted),
}


def asked(policy: Doc, mail: Doc, condition: str, wanted: Any) -> bool | None:
    if condition == "workingHours":
        return is_inside(policy["workingHours"], mail["at"]) is (wanted == "inside")
    return ASKED[condition](mail, wanted)


def speaks(policy: Doc, rule: Doc, mail: Doc) -> bool:
    """Tell whether a rule that names the author "has not expired, and its conditions hold"."""
    if "expiresAt" in rule and mail["at"] >= datetime.fromisoformat(rule["expiresAt"]):
        return False
    wanted = {name: rule["match"][name] for name in ("list", "answersUs") if name in rule["match"]}
    answers = [asked(policy, mail, name, each) for name, each in {**wanted, **rule.get("when", {})}.items()]
    return all(answers) if rule.get("action", "deliver") == "deliver" else False not in answers


# What the guards read


def spellings(text: str) -> set[str]:
    """Return a text "as written and folded, and each of these once more in one line, without marks of quotation"."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    both = {text, unicodedata.normalize("NFKC", seen)}
    return both | {" ".join(re.sub(r"^[ >]+", "", each, flags=re.MULTILINE).split()) for each in both}


def finds(guard: Doc, mail: Doc) -> bool:
    texts = [text for place in guard.get("in", ["body"]) for text in mail["places"][place]]
    return any(re.search(guard["reject"], each) for text in texts for each in spellings(text))


def guarded(policy: Doc, mail: Doc) -> tuple[str, str, str] | None:
    """Return "the strictest" of those that find something, "of equally strict ones the first"."""
    refusal = by_default(policy)
    guards = policy.get("contentGuards", [])
    is_filed = any("attachments" in guard.get("in", []) for guard in guards)
    if is_filed and any(each["is_unread"] for each in mail["files"]):
        return refusal, "content.too_long", ""
    if mail["is_cut"] and any({"body", "text", "html", "links"} & {*guard.get("in", ["body"])} for guard in guards):
        return refusal, "content.too_long", ""
    found = [(guard.get("action", refusal), "content.guard", guard["reason"]) for guard in guards if finds(guard, mail)]
    return max(found, key=lambda each: STRICTER.index(each[0]), default=None)


# The way


def by_default(policy: Doc) -> str:
    return {"bounce": "reject", "drop": "discard"}[policy["defaultAction"]]


def count_of(rule: Doc, mail: Doc, window: str, *, is_above: bool) -> int:
    per = rule["rateLimit"].get("per", "author")
    counted: Doc = mail["counts"][("tenant " if is_above else "") + "rule " + rule["name"] if per == "rule" else per]
    return int(counted[window])


def judged(policy: Doc, mail: Doc, *, is_above: bool = False) -> Said:
    """Walk the way that the drawing "The order" draws, for one policy."""
    if mail["author"] is None:
        return Said("reject", mail["problem"], trace=("policy", "author"))
    trace = ["policy"]
    for index, rule in enumerate(policy.get("senders", [])):
        if not names(policy, rule["match"], mail["author"]):
            continue
        if speaks(policy, rule, mail):
            trace = [*trace[: CHECKS_ALOUD + 1], "rule"]
            said = ruled_by(policy, rule, mail, trace, is_above=is_above)
            return replace(said, rule=index, labels=tuple(rule.get("labels", [])), trace=tuple(trace))
        trace.append(f"senders[{index}]")
    return Said(by_default(policy), "sender.unmatched", trace=(*trace[: CHECKS_ALOUD + 1], "rule"))


def ruled_by(policy: Doc, rule: Doc, mail: Doc, trace: list[str], *, is_above: bool) -> Said:  # the way
    """Go on from the rule that speaks, and note in ``trace`` what is asked."""
    match, action = rule["match"], rule.get("action", "deliver")
    proofs = {"assurance": assured(mail, match.get("assurance", "aligned"), by_list="list" in match)}
    proofs |= {"requireDkim": dkim(mail)} if match.get("requireDkim") else {}
    proofs |= {"requireSpf": spf(mail)} if match.get("requireSpf") else {}
    for check, proof in proofs.items():
        trace.append(check)
        if proof != "pass":
            return Said("reject", "sender.unproven") if proof == "fail" else Said("defer", "sender.unsettled")
    noted: list[Said] = []
    lasts, then = wait_of(rule)
    if action != "deliver":
        trace.append("action")
        word = {"hold": "held", "defer": "deferred", "discard": "discarded", "reject": "rejected"}[action]
        noted.append(Said(action, f"rule.{word}", rule.get("reason", "")))
        if action != "hold":
            return noted[0]
    if policy.get("contentGuards"):
        trace.append("contentGuards")
        if found := guarded(policy, mail):
            noted.append(Said(*found))
            then = "refuse"  # what a guard found is not let go by silence
            if found[0] != "hold":
                return noted[-1]
    for member, name, reason, count in limits(rule, mail, is_above=is_above):
        trace.append(f"{member}.{name}")
        if count >= rule[member][name]:
            return Said("defer", reason)
    let_in = Said("deliver", "rule.matched", rule.get("reason", ""))
    granted = {"capabilities": tuple(rule.get("capabilities", [])), "budget": rule.get("tokenBudget", {})}
    return replace(noted[0] if noted else let_in, **granted, wait=(lasts, then))


def limits(rule: Doc, mail: Doc, *, is_above: bool) -> Iterable[tuple[str, str, str, int]]:
    """Yield each limit of a rule in the documented order, and what was counted before this message."""
    for name, window in (("perHour", "hour"), ("perDay", "day")):
        if name in rule.get("rateLimit", {}):
            yield "rateLimit", name, f"rate.per_{window}", count_of(rule, mail, window, is_above=is_above)
    for name in ("perMessage", "perThread", "perSender", "perDay"):
        if name in rule.get("tokenBudget", {}):
            yield "tokenBudget", name, f"budget.per_{name[3:].lower()}", mail["tokens"].get(name, 0)


def wait_of(written: Doc) -> tuple[timedelta, str]:
    hold = written.get("hold", {})
    unit = {"h": "hours", "d": "days"}
    lasts = hold.get("expiresAfter", "7d")
    return timedelta(**{unit[lasts[-1]]: int(lasts[:-1])}), hold.get("then", "refuse")


def arriving(own: Doc | None, above: Doc | None, mail: Doc) -> Said:
    """Judge by the mailbox's policy, the tenant's above it, and what was said of the message while it was held."""
    if mail["is_notice"]:
        return Said("deliver", "notice.own", trace=("author",))
    if mail["is_postmaster"]:
        return Said("deliver", "postmaster.open", trace=("postmaster",))
    said = Said("reject", "policy.missing", trace=("policy",)) if own is None else judged(own, mail)
    if above is not None:
        said = together(said, judged(above, mail, is_above=True))
    return approved(said, mail["ruling"], mail["waiting"])


def together(ours: Said, theirs: Said) -> Said:
    """Return what "Above the mailboxes" says of two answers."""
    trace = (*(f"tenant.{each}" for each in theirs.trace), *ours.trace)
    counts = theirs if STRICTER.index(theirs.action) > STRICTER.index(ours.action) else ours
    granted, budget = None, {}
    if ours.capabilities is not None and theirs.capabilities is not None:
        meant = {MEANING.get(each, each) for each in theirs.capabilities}
        shared = [each for each in ours.capabilities if "*" in meant or MEANING.get(each, each) in meant]
        granted = tuple(shared)
        both = [*ours.budget.items(), *theirs.budget.items()]
        budget = {name: min(limit for each, limit in both if each == name) for name, _ in both}
    wait = counts.wait
    if ours.action == theirs.action == "hold":
        is_silent = ours.wait[1] == theirs.wait[1] == "deliver"
        lasts = (max if is_silent else min)(ours.wait[0], theirs.wait[0])
        wait = (lasts, "deliver" if is_silent else "refuse")
    labels = tuple(dict.fromkeys((*ours.labels, *theirs.labels)))
    return Said(counts.action, counts.reason, counts.detail, ours.rule, granted, budget, labels, wait, trace)


def crowded(said: Said, waiting: Sequence[int]) -> Said:
    """Let no more wait than 20 of one author, 200 of an organisation, 1,000 in all; the first that is full is named."""
    said = replace(said, trace=(*said.trace, "waiting"))
    for count, most, name in zip(waiting, (20, 200, 1_000), ("author", "domain", "mailbox"), strict=True):
        if count >= most:
            return Said("defer", f"hold.full_{name}", rule=said.rule, labels=said.labels, trace=said.trace)
    return said


MEANING = {"read_calendar": "calendar.read"}
"""Of the capabilities that are drawn, the one with two names."""


def approved(said: Said, ruling: str | None, waiting: Sequence[int] | None) -> Said:
    """Let go, or not, what was held before; an approval "leaves every other ending as it is"."""
    if ruling is None:
        return said if waiting is None or said.action != "hold" else crowded(said, waiting)
    said = replace(said, trace=(*said.trace, "approval"))
    is_held = said.action == "hold"
    if ruling in {"denied", "expired refused"} or (ruling == "expired open" and is_held and said.wait[1] == "refuse"):
        reason = "hold.denied" if ruling == "denied" else "hold.expired_refused"
        return Said("discard", reason, rule=said.rule, trace=said.trace)
    reason = "hold.approved" if ruling == "approved" else "hold.expired_delivered"
    return replace(said, action="deliver", reason=reason, detail="") if is_held else said
