"""Which facts of the public trust log are news, and in which words. Pure."""

from gatepost.record.trust_log import Stated
from gatepost.trust import incidents, leaf, notice, terms
from gatepost.trust.incidents import Incident
from gatepost.trust.news.paper import News, Topic
from gatepost.trust.operator import Operator
from gatepost.trust.uptime import NAMES
from gatepost.trust.wording import name_of

SUBJECTS = (incidents.SUBJECT, leaf.REVISION, notice.SUBJECT, terms.SUBJECT)
"""How the subjects of facts begin that may be news."""

_SUPPLIERS, _CHANGES = "/trust/subprocessors", "/trust/changes"
_KNOWN = {
    notice.NOTICED: ("A new sub-processor is announced", "Thirty days run from now, on the public log.", _SUPPLIERS),
    notice.ENGAGED: ("A sub-processor is engaged", "Its notice is over.", _SUPPLIERS),
    notice.WITHDRAWN: ("A sub-processor is withdrawn", "It gets no data from now on.", _SUPPLIERS),
    terms.NOTICED: ("A new version of a text is announced", "Customers were told today.", _CHANGES),
    terms.IN_FORCE: ("A new version of a text applies", "Its notice is over.", _CHANGES),
}


def news_of(
    fact: Stated, incident: Incident | None = None, changes: str = "", operator: Operator | None = None
) -> News | None:
    """Return a fact in words; None where it is nothing that subscribers are told.

    Args:
        fact: what was stated.
        incident: the one it is about, as its leaves up to this one say it; None where it is about none.
        changes: what a revision changed, in words; empty where it changed nothing, as when it was merely committed.
        operator: whose registers name suppliers and texts; None: they are told by their ids.
    """
    if fact.action in {incidents.OPENED, incidents.UPDATED}:
        return None if incident is None or incident.is_exercise else _incident(fact, incident)
    if fact.action == leaf.REVISED and not changes:
        return None
    if fact.action == leaf.REVISED:
        return News(
            topic=Topic.TRUST,
            kind=fact.action,
            title="What we publish has changed",
            text=f"{changes}\n\nSHA-256 of the whole: {fact.detail['digest']}",
            path="/trust/changes",
        )
    known = _KNOWN.get(fact.action)
    if known is None or fact.detail.get("basis") == "before_the_log":
        return None
    title, text, path = known
    return News(
        topic=Topic.TRUST,
        kind=fact.action,
        title=f"{title}: {name_of(fact.object_ref, operator)}",
        text=text,
        path=path,
    )


def _incident(fact: Stated, incident: Incident) -> News:
    state = str(fact.detail["status"]).replace("_", " ")
    parts = ", ".join(NAMES[each][0] for each in incident.components)
    facts = [
        f"Planned: {incident.window_in_words}" if incident.is_maintenance else f"Impact: {incident.impact.value}",
        f"Parts: {parts or 'none named'}",
    ]
    return News(
        topic=Topic.STATUS,
        kind=fact.action,
        title=f"{incident.name}: {state}",
        text="\n".join((str(fact.detail["body"]), "", *facts)),
        path=f"/status/incidents/{incident.id}",
    )
