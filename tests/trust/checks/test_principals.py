from dataclasses import replace

import pytest

from gatepost.trust import Outcome, read_operator
from gatepost.trust.checks.principals import DatabaseRole, Rights, house_rights, principals
from trust.scene import EXAMPLE, Scene


def role(
    name: str, *, powers: tuple[str, ...] = (), member_of: tuple[str, ...] = (), in_: bool = False
) -> DatabaseRole:
    return DatabaseRole(name=name, may_log_in=in_, powers=frozenset(powers), member_of=frozenset(member_of))


OURS = tuple(role(f"gatepost_{name}", in_=name != "lookup") for name in ("app", "keeper", "lookup"))
WELL = Rights(
    roles=(*OURS, role("pg_monitor", member_of=("pg_read_all_stats",))),
    accounts={"root": 0, "nobody": 65534},
    groups={"sudo": frozenset()},
    folders={"state": (0, 0o711), "keys": (0, 0o700)},
    published=read_operator(EXAMPLE).principals,
)


async def test_those_published_hold_rights_and_the_value_says_what_was_looked_at() -> None:
    found = await principals(WELL)
    assert found.outcome is Outcome.PASS
    assert found.value == {"database": 2, "memberships": 0, "system": 1, "groups": 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (replace(WELL, roles=(*OURS, role("backdoor", in_=True))), "principal.unknown"),
        (replace(WELL, roles=(*OURS, role("silent", powers=("BYPASSRLS",)))), "principal.unknown"),
        (replace(WELL, roles=(role("gatepost_keeper", member_of=("one",)), role("one", member_of=("gatepost_owner",)))),
         "principal.may_become"),
        (replace(WELL, roles=(role("gatepost_lookup", powers=("CREATEROLE",)),)), "principal.may_become"),
        (replace(WELL, accounts={"root": 0, "toor": 0}), "principal.unknown"),
        (replace(WELL, groups={"sudo": frozenset({"guest"})}), "principal.unknown"),
        (replace(WELL, folders={"state": (4711, 0o711)}), "principal.unknown"),
        (replace(WELL, folders={"state": (0, 0o713)}), "principal.writes"),
    ],
)  # fmt: skip
async def test_each_way_to_rights_that_nobody_published_is_found(bad: Rights, reason: str) -> None:
    found = await principals(bad)
    assert (found.outcome, found.reason) == (Outcome.FAIL, reason)


async def test_roles_that_are_members_of_each_other_are_followed_to_an_end() -> None:
    bad = replace(WELL, roles=(role("gatepost_app", member_of=("a",)), role("a", member_of=("gatepost_app",))))
    assert (await principals(bad)).value == {"gatepost_app": ["a"]}


async def test_the_houses_own_roles_may_become_nobody(scene: Scene) -> None:
    found = await house_rights(scene.world(scene.operator()), {})
    assert {each.name for each in found.roles} >= {each.name for each in OURS}
    assert (await principals(replace(WELL, roles=found.roles))).outcome is Outcome.PASS
