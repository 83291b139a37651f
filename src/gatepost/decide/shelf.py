"""Compiled policies, kept by digest so that a message does not pay for compiling its account's guards."""

from collections import OrderedDict
from dataclasses import replace

from gatepost.decide.language import Policy


class Shelf:
    """A bounded memory of compiled policies, least recently used out first.

    A digest names a normalised document and nothing else, so accounts and tenants with the same rules share one; the
    same document above a tenant's mailboxes is another policy.

    Args:
        guards_max: guards of all policies together; each may hold up to ``patterns.MEMORY_MAX_OCTETS``.
        policies_max: policies, with or without guards.
    """

    def __init__(self, *, guards_max: int = 2_000, policies_max: int = 1_000) -> None:
        self._guards_max = guards_max
        self._policies_max = policies_max
        self._policies: OrderedDict[tuple[str, bool], Policy] = OrderedDict()
        self._guards = 0

    def take(self, digest: str, version: int, *, is_tenant_wide: bool = False) -> Policy | None:
        """Return the policy with this digest as that version, or None where it is not here."""
        policy = self._policies.get((digest, is_tenant_wide))
        if policy is None:
            return None
        self._policies.move_to_end((digest, is_tenant_wide))
        return policy if policy.version == version else replace(policy, version=version)

    def put(self, policy: Policy) -> None:
        """Keep a policy; the ones used longest ago make room."""
        key = policy.digest, policy.is_tenant_wide
        if key in self._policies:
            return
        self._policies[key] = policy
        self._guards += len(policy.guards)
        while len(self._policies) > 1 and (self._guards > self._guards_max or len(self._policies) > self._policies_max):
            _, oldest = self._policies.popitem(last=False)
            self._guards -= len(oldest.guards)
