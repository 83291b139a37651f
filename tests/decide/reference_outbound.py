"""What docs/outbound.md says becomes of what an agent sends, written once more as ``reference`` is."""

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch

from decide.reference import STRICTER, Doc, Said, approved, is_party, is_surely, organization, together, wait_of

LEAKS = {
    "secrets": "leak.secret",
    "cardNumbers": "leak.card_number",
    "ibans": "leak.iban",
    "canaries": "leak.canary",
    "otherCorrespondents": "leak.correspondent",
}
"""The gates that read, in their order, and what they say."""
BRAKE = {"hour": 20, "day": 100}
RECIPIENT_BRAKE = {"hour": 60, "day": 500}
ANSWERED_MOST = 100
OWN_IDS_MOST = 3
Found = tuple[str, str, str]
"""Of one gate: the line of the trace, the action, the reason; of one that finds nothing the last two are empty."""


def implied(sent: Doc) -> set[str]:
    """Return whom an answer may go to: "that author, or a Reply-To of the author's own organisation"."""
    author = sent["answered"]["author"]
    wanted = [] if sent["is_notice"] else sent["answered"]["replyTo"]
    home = organization(author.rpartition("@")[2])
    return {author, *(each for each in wanted if organization(each.rpartition("@")[2]) == home)}


def listed(policy: Doc, sent: Doc) -> set[str]:
    """Return those of the recipients whom ``recipients`` names."""
    named = policy["outbound"].get("recipients", {})
    parties = [*named.get("addresses", []), *named.get("domains", [])]
    parties += [party for group in named.get("groups", []) for party in policy["groups"][group]]
    known = set(sent["contacts"]) if named.get("contacts") else set()
    if named.get("thread") and sent["answered"] and sent["answered"]["isProven"]:
        known |= {*sent["thread"], *implied({**sent, "is_notice": False})}
    return {to for to in sent["to"] if to in known or any(is_party(to, each) for each in parties)}


def sending(own: Doc | None, above: Doc | None, sent: Doc) -> Said:
    """Judge by the mailbox's policy, the tenant's above it, the sandbox, and what was said while it was held."""
    own, above = (each if each and "outbound" in each else None for each in (own, above))
    said = addressed(own, sent)
    if said.action == "deliver":
        footer = above["outbound"].get("footer", "") if above else ""
        ours = stopped(own or {"outbound": {}}, sent, said, below=footer)
        theirs = stopped(above, sent, replace(said, trace=()), below="") if above else None
        said = ours if theirs is None else together(ours, theirs)
    if sent["is_sandboxed"] and said.action == "deliver":
        held = (said.wait[0], "refuse")
        said = Said("hold", "sandbox.held", wait=held, trace=(*said.trace, "sandbox"))
    return approved(said, sent["ruling"], sent["waiting"])


def addressed(own: Doc | None, sent: Doc) -> Said:
    """Ask the first three questions of the drawing: who sends, what it answers, to whom it goes."""
    if not sent["is_ours"]:
        return Said("reject", "sender.unproven", trace=("submitter",))
    named = listed(own, sent) if own else set()
    if sent["answered"] is not None:
        return answering(sent, set() if sent["is_notice"] else named)
    if sent["is_notice"] or not sent["to"] or {*sent["to"]} - named:
        return Said("reject", "reply.unknown_parent", trace=("parent",))
    return Said("deliver", "send.listed", trace=("recipient",))


def answering(sent: Doc, named: set[str]) -> Said:
    """Ask what it answers; ``named``: whom the policy lets it write to besides."""
    to, is_notice, trace = {*sent["to"]}, sent["is_notice"], ("parent", "recipient")
    if not sent["answered"]["isProven"]:
        return Said("reject", "bounce.unverified_sender" if is_notice else "reply.unproven_parent", trace=trace[:1])
    if is_notice and sent["answered"]["isAutomatic"]:
        return Said("reject", "bounce.automatic_sender", trace=trace[:1])
    if not to or to - implied(sent) - named:
        return Said("reject", "reply.foreign_recipient", trace=trace)
    to_author = "bounce.to_author" if is_notice else "reply.to_author"
    return Said("deliver", "send.listed" if to - implied(sent) else to_author, trace=trace)


def stopped(policy: Doc, sent: Doc, said: Said, *, below: str) -> Said:
    """Ask all gates of one policy; "the strictest answer counts", and of equally strict ones the first."""
    outbound = policy["outbound"]
    lasts, then = wait_of(outbound)
    trace = list(said.trace)
    for check, action, reason in gates(policy, sent, below):
        trace.append(f"outbound.{check}")
        if action in {"hold", "reject"} and reason.startswith("leak."):
            then = "refuse"  # what a guard found is not let go by silence
        if action and STRICTER.index(action) > STRICTER.index(said.action):
            said = replace(said, action=action, reason=reason)
    if "hold" in outbound and said.action == "hold":
        trace.append("outbound.hold")
    return replace(said, wait=(lasts, then), trace=tuple(trace))


def gates(policy: Doc, sent: Doc, below: str) -> Iterator[Found]:
    """Yield what each gate that the policy asks says, in the order of the drawing."""
    outbound = policy["outbound"]
    yield from shaped(policy, sent, below)
    yield from leaking(outbound, sent)
    own = organization(sent["from"].rpartition("@")[2])
    is_external = any(organization(to.rpartition("@")[2]) != own for to in sent["to"])
    yield from armed(outbound, "external", "recipient.external", is_found=is_external)
    is_first = bool({*sent["to"]} - {*sent["contacts"]})
    yield from armed(outbound, "firstContact", "recipient.first_contact", is_found=is_first)
    yield from paced(outbound, sent)


def armed(outbound: Doc, stop: str, reason: str, *, is_found: bool) -> Iterator[Found]:
    """Yield nothing where the stop is ``deliver``, which is "do not ask"."""
    wanted = outbound.get(stop, "reject" if stop == "canaries" else "deliver")
    if wanted != "deliver":
        yield (stop, wanted, reason) if is_found else (stop, "", "")


def shaped(policy: Doc, sent: Doc, below: str) -> Iterator[Found]:
    outbound = policy["outbound"]
    if "recipients" in outbound:
        is_stranger = {*sent["to"]} - listed(policy, sent)
        yield ("recipients", "reject", "recipient.unlisted") if is_stranger else ("recipients", "", "")
    if "recipientsPerMessage" in outbound:
        is_many = len(sent["to"]) > outbound["recipientsPerMessage"]
        yield "recipientsPerMessage", "reject" if is_many else "", "recipient.too_many"
    if sent["answered"] and sent["answered"]["isAutomatic"] and not sent["is_notice"]:
        if sent["own_references"] > OWN_IDS_MOST:
            yield "toMachines", "reject", "reply.loop"
        else:
            yield "toMachines", outbound.get("toMachines", "reject"), "reply.automatic_parent"
    if "attachments" in outbound:
        reason = unwanted(outbound["attachments"], sent["files"])
        yield "attachments", outbound["attachments"].get("otherwise", "reject") if reason else "", reason
    if "footer" in outbound and not sent["is_notice"]:
        words, own = sent["text"].split(), outbound["footer"].split()
        is_there = any(words[len(words) - len(end) :] == end for end in (own, own + below.split()))
        yield "footer", "" if is_there else "reject", "footer.missing"


def unwanted(allowed: Doc, files: list[Doc]) -> str:
    """Return what is wrong with the files; empty where nothing is."""
    if "types" in allowed and not all(is_surely(each, allowed["types"]) for each in files):
        return "attachment.type"
    named = [any(fnmatch(each["name"].lower(), name.lower()) for name in allowed.get("names", ["*"])) for each in files]
    if not all(named):
        return "attachment.name"
    is_large = any(each["octets"] > allowed.get("octetsAtMost", each["octets"]) for each in files)
    return "attachment.size" if is_large or len(files) > allowed.get("filesAtMost", len(files)) else ""


def leaking(outbound: Doc, sent: Doc) -> Iterator[Found]:
    is_unread = any(each["is_unread"] for each in sent["files"])
    found = sent["leaks"] | ({"otherCorrespondents"} if sent["others"] != 0 else set())
    for stop, reason in LEAKS.items():
        if stop == "canaries" and (sent["has_house_canary"] or not outbound.get("canaryMarks")):
            if sent["has_house_canary"]:
                yield stop, outbound.get(stop, "reject"), reason
            continue
        yield from armed(
            outbound, stop, "leak.unreadable" if is_unread else reason, is_found=is_unread or stop in found
        )


def paced(outbound: Doc, sent: Doc) -> Iterator[Found]:
    """Yield the limits, which count this message too, and the house's own brake."""
    limits = outbound.get("rateLimit", {})
    asked = [
        ("rateLimit.perRecipient", limits.get("perRecipient"), "recipient", "send.rate_recipient"),
        ("rateLimit.perDomain", limits.get("perDomain"), "domain", "send.rate_domain"),
        ("rateLimit.perAgent", limits.get("perAgent"), "agent", "send.rate_agent"),
        ("repliesPerThread", outbound.get("repliesPerThread"), "replies", "send.thread_cap"),
    ]
    for check, limit, whose, reason in asked:
        if limit:
            bounds = {name[3:].lower(): most for name, most in limit.items()}
            yield check, "defer" if is_passed(bounds, sent["counts"][whose]) else "", reason
    counts = sent["counts"]
    is_answered_enough = sent["answered"] is not None and counts["recipient"]["day"] > ANSWERED_MOST
    is_circle = "repliesPerThread" not in outbound and is_passed(BRAKE, counts["replies"])
    if is_circle or is_answered_enough or is_passed(RECIPIENT_BRAKE, counts["recipient"]):
        yield "pace", "defer", "send.ping_pong"


def is_passed(bounds: Doc, counts: Doc) -> bool:
    return any(counts[window] > most for window, most in bounds.items())
