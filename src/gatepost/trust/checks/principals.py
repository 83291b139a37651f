"""Accounts with rights in production: roles of the database and what they may become, accounts of the machine."""

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatepost.db import Database
from gatepost.record.paper import Json
from gatepost.trust.paper import Finding, failed, passed
from gatepost.trust.registers import Principal
from gatepost.trust.world import World

SERVING = ("gatepost_app", "gatepost_accept", "gatepost_keeper", "gatepost_lookup")
"""Roles whose rights are those of our migrations, and no other role's besides."""
ADMINISTERING = frozenset({"sudo", "wheel", "admin", "docker", "lxd"})
"""Groups whose members are as good as uid 0, by the custom of distributions."""
_POWERS = ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "REPLICATION")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRole:
    """A role: whether it may log in, its ``powers`` as ``create role`` spells them, the roles it is a member of."""

    name: str
    may_log_in: bool
    powers: frozenset[str]
    member_of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """Who holds rights in production, and who is published.

    Attributes:
        accounts: of the machine, to their uid.
        groups: those that administer, to their members.
        folders: ours, to owner's uid and mode.
    """

    roles: tuple[DatabaseRole, ...]
    accounts: Mapping[str, int]
    groups: Mapping[str, frozenset[str]]
    folders: Mapping[str, tuple[int, int]]
    published: tuple[Principal, ...]


async def house_rights(world: World, _arguments: Mapping[str, str]) -> Rights:
    """Return every role of the database, and the machine's accounts that administer it or own our folders."""
    state = world.settings.state
    folders = {path.name: _owned(path) for path in (state, state / "keys") if path.exists()}
    groups = grp.getgrall()
    accounts = pwd.getpwall()
    members = {
        each.gr_name: frozenset({*each.gr_mem, *(one.pw_name for one in accounts if one.pw_gid == each.gr_gid)})
        for each in groups
        if each.gr_name in ADMINISTERING
    }
    return Rights(
        await roles(world.house.db),
        {each.pw_name: each.pw_uid for each in accounts},
        members,
        folders,
        world.operator.principals,
    )


def _owned(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_uid, stat.S_IMODE(facts.st_mode)


async def roles(db: Database) -> tuple[DatabaseRole, ...]:
    """Return every role of the server, with what makes it more than one that serves."""
    query = """
        select rolname::text as name, rolcanlogin as may_log_in,
               array_remove(array[case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end,
                 case when rolcreaterole then 'CREATEROLE' end, case when rolreplication then 'REPLICATION' end],
                 null) as powers,
               array(select pg_get_userbyid(roleid)::text from pg_auth_members where member = r.oid) as member_of
        from pg_roles r order by rolname
    """
    return tuple(
        DatabaseRole(
            name=row.name,
            may_log_in=row.may_log_in,
            powers=frozenset(row.powers),
            member_of=frozenset(row.member_of),
        )
        for row in await db.look_up(query)
    )


async def principals(target: Rights) -> Finding:
    """See that nobody holds rights who is not published, and that no role that serves may become another.

    The account we run as is called ``service``. Looked at are roles that may log in or have a power, memberships of the
    roles that serve however they are inherited, accounts with uid 0, members of the groups that administer, owners of
    our folders and whoever else may write to them. Not looked at: rules of sudo, keys of SSH, units of systemd.
    """
    risen = {role: above for role in SERVING if (above := above_of(role, target.roles))}
    if risen:
        return failed("principal.may_become", {role: above[:4] for role, above in risen.items()})
    database, system = holders(target)
    strangers: dict[str, Json] = {
        "database": _unknown("database", database, target.published),
        "system": _unknown("system", system, target.published),
    }
    if any(strangers.values()):
        return failed("principal.unknown", strangers)  # how many, and not who: an account may be called as a person is
    open_to = [name for name, (_, mode) in target.folders.items() if mode & 0o022]
    if open_to:
        return failed("principal.writes", open_to)
    return passed(
        {
            "database": len(database),
            "memberships": sum(len(each.member_of) for each in target.roles if each.name in SERVING),
            "system": len(system),
            "groups": len(target.groups),
        }
    )


def above_of(role: str, known: Iterable[DatabaseRole]) -> list[Json]:
    """Return the powers of a role and every role it may become, by any number of memberships; nothing of a stranger."""
    by_name = {each.name: each for each in known}
    if role not in by_name:
        return []
    found: set[str] = set()
    waiting = {role}
    while waiting:
        found |= waiting
        waiting = {up for name in waiting if name in by_name for up in by_name[name].member_of} - found
    powers: list[Json] = [power for power in _POWERS if power in by_name[role].powers]
    return powers + sorted(found - {role})


def holders(target: Rights) -> tuple[set[str], set[str]]:
    """Return who holds rights in production: the database's roles, the machine's accounts."""
    names = {uid: name for name, uid in target.accounts.items()}
    owners = {names.get(uid, str(uid)) for uid, _ in target.folders.values()}
    roots = {name for name, uid in target.accounts.items() if uid == 0}
    database = {each.name for each in target.roles if each.may_log_in or each.powers}
    return database, owners | roots | {member for members in target.groups.values() for member in members}


def _unknown(kind: str, names: Iterable[str], published: Iterable[Principal]) -> int:
    known = {each.name for each in published if each.kind == kind}
    service = {_own(), "postgres"} if "service" in known else set()
    return len({*names} - known - service)


def _own() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
