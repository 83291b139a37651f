"""Whether a draft's ``outbound`` lets more out than the one in force: proven gate by gate. Pure.

Every gate is asked of all that leaves, and the strictest answer counts. So a draft lets nothing more out where each
gate of the policy in force finds at least the same in the draft, and lets what it finds no further. That is said of the
gates alone: which of them would stop a message anyway is not asked, so a proof may be missed, and none is false.
"""

from collections.abc import Collection, Iterator

from gatepost.decide.ending import Ending
from gatepost.decide.loops import BRAKE
from gatepost.decide.outbound_language import Attachments, Limit, OutboundPolicy, Recipients, Stop
from gatepost.decide.paper import USUAL_WAIT, Disposition
from gatepost.decide.party import BELOW

_NOBODY = Recipients(frozenset(), thread=False, contacts=False)


def level(action: Disposition) -> int:
    """Return how far mail gets: refused 0, held 1, delivered 2."""
    return {Disposition.DELIVER: 2, Disposition.HOLD: 1}.get(action, 0)


def is_further(one: Ending, other: Ending) -> bool:
    """Tell whether one ending lets a message go further than another, or lets it go by silence where that does not."""
    ours, theirs = level(one.disposition), level(other.disposition)
    is_held = one.disposition is other.disposition is Disposition.HOLD
    return ours > theirs or (is_held and one.wait.lets_go_before(other.wait))


def loosened(live: OutboundPolicy | None, draft: OutboundPolicy | None, *, is_tenant_wide: bool) -> str:
    """Return the first gate that may let more out under the draft; empty: it is proven that none does.

    Args:
        live: in force; None where the policy does not say. The house's own rules speak then, but above the mailboxes
            there is nothing to loosen.
        draft: likewise.
        is_tenant_wide: they stand above the mailboxes' policies.
    """
    if live == draft or (live is None and is_tenant_wide):
        return ""
    if draft is None and is_tenant_wide:
        return "outbound is not there"
    return next(_looser(live or OutboundPolicy(), draft or OutboundPolicy(), is_tenant_wide=is_tenant_wide), "")


def _looser(live: OutboundPolicy, draft: OutboundPolicy, *, is_tenant_wide: bool) -> Iterator[str]:
    said = "outbound.{} lets out more, or other mail".format
    if not _are_recipients_kept(live.recipients, draft.recipients, is_tenant_wide=is_tenant_wide):
        yield "outbound.recipients names somebody new"
    if not _is_most_kept(live.recipients_max, draft.recipients_max):
        yield said("recipientsPerMessage")
    if level(draft.to_machines) > level(live.to_machines):
        yield said("toMachines")
    yield from (said(stop) for stop in Stop if level(draft.stop(stop)) > level(live.stop(stop)))
    if level(live.stop(Stop.CANARIES)) < level(Disposition.DELIVER) and not set(live.marks) <= set(draft.marks):
        yield "outbound.canaryMarks lacks a mark"
    if not _are_attachments_kept(live.attachments, draft.attachments):
        yield said("attachments")
    if not _is_footer_kept(live.footer, draft.footer):
        yield "outbound.footer asks for less"
    yield from (
        f"outbound.{name} is higher" for name, one, other in _limits(live, draft) if not _is_limit_kept(one, other)
    )
    if (draft.wait or USUAL_WAIT).lets_go_before(live.wait or USUAL_WAIT):
        yield "outbound.hold lets go, or sooner, what nobody ruled on"


def _are_recipients_kept(live: Recipients | None, draft: Recipients | None, *, is_tenant_wide: bool) -> bool:
    """Tell whether the draft names nobody new.

    Without the member a mailbox answers whom it heard from, and writes to nobody else; above the mailboxes it is no
    limit at all.
    """
    if live is None:
        return is_tenant_wide or draft in {None, _NOBODY}
    if draft is None:
        return live.thread and not is_tenant_wide  # which names whoever may be answered
    is_less = draft.thread <= live.thread and draft.contacts <= live.contacts
    return is_less and all(_is_named(party, live.parties) for party in draft.parties)


def _is_named(party: str, parties: Collection[str]) -> bool:
    if party in parties:
        return True
    _, at, domain = party.rpartition("@")
    if at and domain in parties:
        return True
    labels = domain.removeprefix(BELOW).split(".")
    return any(BELOW + ".".join(labels[start:]) in parties for start in range(1, len(labels)))


def _is_most_kept(live: int | None, draft: int | None) -> bool:
    return live is None or (draft is not None and draft <= live)


def _is_limit_kept(live: Limit, draft: Limit) -> bool:
    return _is_most_kept(live.hour, draft.hour) and _is_most_kept(live.day, draft.day)


def _limits(live: OutboundPolicy, draft: OutboundPolicy) -> Iterator[tuple[str, Limit, Limit]]:
    yield "rateLimit.perRecipient", live.per_recipient, draft.per_recipient
    yield "rateLimit.perDomain", live.per_domain, draft.per_domain
    yield "rateLimit.perAgent", live.per_agent, draft.per_agent
    # Where a policy has no cap of its own, the house's brake is the cap.
    yield "repliesPerThread", live.replies or BRAKE, draft.replies or BRAKE


def _are_attachments_kept(live: Attachments | None, draft: Attachments | None) -> bool:
    if live is None or live.otherwise is Disposition.DELIVER:
        return True
    if draft is None or level(draft.otherwise) > level(live.otherwise):
        return False
    is_type_kept = live.types is None or (draft.types is not None and draft.types <= live.types)
    is_size_kept = _is_most_kept(live.octets, draft.octets) and _is_most_kept(live.count, draft.count)
    return is_type_kept and is_size_kept and _are_names_kept(live, draft)


def _are_names_kept(live: Attachments, draft: Attachments) -> bool:
    if live.names is None:
        return True
    return draft.names is not None and {each.source for each in draft.names} <= {each.source for each in live.names}


def _is_footer_kept(live: str, draft: str) -> bool:
    """Tell whether what ends with the draft's footer ends with the one in force, too; white space does not count."""
    wanted = live.split()
    return not wanted or draft.split()[-len(wanted) :] == wanted
