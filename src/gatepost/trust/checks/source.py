"""The page's source: a folder in git, as it was committed, whose history still holds every revision that was stated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import git, store
from gatepost.trust.leaf import REVISION
from gatepost.trust.operator import digest_of
from gatepost.trust.paper import Finding, failed, passed, unverified
from gatepost.trust.world import World

REVISIONS_MAX = 1000
"""Of the newest ones the commits are looked for."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A folder in git, its digest as it is served, and the commits that the log's revisions name."""

    folder: Path
    digest: str
    stated: frozenset[str] = frozenset()


async def folder(world: World, _arguments: Mapping[str, str]) -> Committed:
    """Return the operator's folder, and the commits stated in the public trust log."""
    async with world.house.db.transaction(TRUST) as tx:
        revisions = await trust_log.stated(tx, await store.history(tx, REVISION, limit=REVISIONS_MAX))
    stated = frozenset(str(each.detail["commit"]) for each in revisions) - {""}
    return Committed(world.operator.folder, world.operator.digest, stated)


async def committed(target: Committed) -> Finding:
    """See that what is served is what a commit holds, and that no commit that was ever stated is gone from history.

    The folder is held to the commit's own files, so that one that git was told to overlook counts as changed. A
    history that was written anew (a push by force) no longer holds the commits that the log names.
    """
    commit = await git.ask(target.folder, "log", "-1", "--format=%H", "--", ".")
    if not commit:
        return failed("folder.uncommitted")
    if digest_of(await git.files_of(target.folder, commit)) != target.digest:
        return failed("folder.changed")
    gone = target.stated - set((await git.ask(target.folder, "rev-list", "HEAD")).split())
    if gone and await git.ask(target.folder, "rev-parse", "--is-shallow-repository") == "true":
        return unverified("git.shallow")
    if gone:
        return failed("folder.rewritten", {"commits_gone": len(gone), "of": len(target.stated)})
    return passed({"commit": commit, "revisions_in_history": len(target.stated)})
