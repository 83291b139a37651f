"""The document room, walked into: shut to strangers, shut before the agreement, and each copy names its reader."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from gatepost.record.trust_log import TRUST
from gatepost.trust import room
from gatepost.trust.checks.page import served
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.client import Fetched, ProbeError, Prober
from gatepost.trust.world import Endpoint, World

_PLACE = "/trust/room/files/"
_COOKIE = "gatepost_room"
_READABLE = frozenset({"text/markdown", "text/plain"})
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A room's door, its papers, and a visitor who was let in and has agreed to nothing yet.

    Attributes:
        papers: each place, and whether a copy of it can bear a name.
        secret: what the visitor's browser holds.
        agree: lets the visitor agree.
        views: returns how often the access log says that the visitor saw the paper at a place.
        names_it: tells whether a copy says whose it is.
    """

    prober: Prober
    endpoint: Endpoint
    papers: Mapping[str, bool]
    secret: str
    agree: Callable[[], Awaitable[bool]]
    views: Callable[[str], Awaitable[int]]
    names_it: Callable[[str], bool]


async def house_room(world: World, arguments: Mapping[str, str]) -> Guarded:
    """Return the house's room, with its canary at the door."""
    house = world.house
    async with house.db.transaction(TRUST) as tx:
        files = [each for each in await room.files(tx) if each.id != room.NDA]
    if not files:
        raise CannotVerifyError("room.empty")
    where = await served(world, arguments)
    secret = await room.canary.admit(house)

    async def views(place: str) -> int:
        return await room.canary.views(house, place.removeprefix(_PLACE))

    return Guarded(
        prober=where.prober,
        endpoint=where.endpoint,
        papers={f"{_PLACE}{each.id}": each.media in _READABLE for each in files},
        secret=secret,
        agree=partial(room.canary.agree, house, secret),
        views=views,
        names_it=room.canary.names_it,
    )


async def guarded(target: Guarded) -> Finding:
    """See that nobody reads a paper without a grant or without the agreement, and that the reader's copy is marked."""
    for place in target.papers:
        for cookie in ("", f"{_COOKIE}={'0' * len(target.secret)}"):
            if (await _ask(target, place, cookie)).status == _OK:
                return failed("room.open")
        if (await _ask(target, place, f"{_COOKIE}={target.secret}")).status == _OK:
            return failed("room.open_before_agreement")
    if not await target.agree():
        raise CannotVerifyError("room.no_agreement")
    marked = 0
    for place, can_be_marked in target.papers.items():
        before = await target.views(place)
        got = await _ask(target, place, f"{_COOKIE}={target.secret}")
        if got.status != _OK:
            return failed("room.shut_after_agreement")
        if can_be_marked and not target.names_it(got.body.decode("utf-8", "replace")):
            return failed("room.copy_unmarked")
        if await target.views(place) != before + 1:
            return failed("room.view_unlogged")
        marked += can_be_marked
    return passed({"papers": len(target.papers), "marked": marked})


async def _ask(target: Guarded, place: str, cookie: str) -> Fetched:
    where = target.endpoint
    try:
        return await target.prober.fetch(where.host, where.port, place, tls=where.tls == "implicit", cookie=cookie)
    except ProbeError as error:
        raise CannotVerifyError("door.unreachable") from error
