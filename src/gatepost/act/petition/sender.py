"""The rule that lets a proposed sender write, and where in a policy it stands. Pure."""

from collections.abc import Mapping

from gatepost.act.petition.paper import PetitionInvalidError
from gatepost.decide import Policy
from gatepost.mail.address import Address

KNOWN = "sender.known"


def place_for(policy: Policy, sender: Address) -> int:
    """Return where the rule goes: before the first that always speaks for this author as for anybody.

    Rules with conditions that come before stay before: what they stop is stopped of this author too.

    Raises:
        PetitionInvalidError: a rule speaks for just this author or its domain already. People wrote that.
    """
    for rule in policy.rules_for(sender):
        if rule.conditions or rule.expires_at is not None:
            continue
        if rule.is_by_name:
            raise PetitionInvalidError(KNOWN)
        return rule.index
    return len(policy.rules)


def with_sender(document: Mapping[str, object], policy: Policy, sender: Address, *, name: str) -> dict[str, object]:
    """Return the document with a rule more: the sender may write, proven, and is granted nothing but an answer.

    Args:
        document: the policy in force, as its author wrote it.
        policy: the same, compiled.
        sender: who is to be let in.
        name: of the rule.

    Raises:
        PetitionInvalidError: a rule speaks for it already.
    """
    place = place_for(policy, sender)
    found = document.get("senders")
    rules = list(found) if isinstance(found, list) else []
    rule = {"name": name, "match": {"address": sender.key}, "capabilities": []}
    return {**document, "senders": [*rules[:place], rule, *rules[place:]]}
