"""Hosted agents off: a canary goes the whole way, its turn is taken, and the model's endpoint hears nothing."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass

from gatepost import mailbox, record
from gatepost.act import hosted
from gatepost.act.hosted.paper import Said, Turn
from gatepost.act.hosted.price import shipped
from gatepost.act.hosted.worker import TURN
from gatepost.egress import Destination, EgressRefusedError, Errand, Purpose, Register
from gatepost.ids import EmailId, JobId, TenantId, token
from gatepost.jobs import Job, TryAgainError
from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.trust import agent_canary
from gatepost.trust.checks.mail import Canary, Postbox, postbox_of, taken
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.mail import FRIEND
from gatepost.trust.probe.server import HOST, sink, way_to
from gatepost.trust.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A mailbox that has an agent.

    Attributes:
        box: where its mail goes in; the one kind is ``KIND``.
        word: stands in that mail and nowhere else.
        during: what holds while the turn is taken.
    """

    house: House
    box: Postbox
    word: str
    during: Callable[[], AbstractAsyncContextManager[None]]


KIND = "agent"


async def house_agent(world: World, _arguments: Mapping[str, str]) -> Hosted:
    """Return the canaries' mailbox with an agent; their tenant has agents off, as every tenant in the beginning."""
    if world.canary is None or not world.canary.agent:
        raise CannotVerifyError("canary.missing")
    word = token("cw", world.house.entropy(20))
    kinds = {KIND: Canary(FRIEND, words=word, is_automatic=False)}  # a machine's mail takes no turn at all
    box = await postbox_of(world, world.canary.agent, kinds)
    return Hosted(house=world.house, box=box, word=word, during=nullcontext)


async def switched_off(target: Hosted) -> Finding:
    """Hand a mail in, take its turn although nobody promised one, and see that no model is reached.

    The turn is taken by the code of the agents' process, its client led to a listener of ours. That process is not
    there for the canaries; so that it never was is read from the register of connections.
    """
    async with agent_canary.alone(target.house.db):
        email = await taken(target.box, KIND)
        if email is None:
            raise CannotVerifyError("entry.missing")
        async with sink() as endpoint, target.during():
            wakes = await _wakes(target)
            await take_turn(target.house, target.box.tenant, email, endpoint.port)
    if any(target.word.encode() in each for each in endpoint.heard):
        return failed("model.told", {"requests": len(endpoint.heard)})
    if endpoint.knocks or wakes:
        return failed("model.reached", {"connections": endpoint.knocks, "mailboxes_that_wake_agents": wakes})
    return await _shut(target)


async def _shut(target: Hosted) -> Finding:
    """See that no connection to a model was ever counted for this tenant, and that the serving process has no way."""
    opened = await _opened(target)
    if opened:
        return failed("model.connected", opened, "connections")
    register = target.house.egress.register
    if any(_is_open(register, row) for row in register.rows):
        return failed("model.open")
    tenants = await hosted.hosting_tenants(target.house.db)
    value: dict[str, Json] = {"connections": opened, "customers_with_agents_on": len(tenants)}
    return passed(value)


async def _wakes(target: Hosted) -> int:
    """Return for how many mailboxes arriving mail is promised a turn, as the journey asks."""
    async with target.house.db.transaction(target.box.tenant) as tx:
        return len(await hosted.accounts(tx))


async def take_turn(house: House, tenant: TenantId, email: EmailId, port: int) -> None:
    """Take the turn of a mail by the code of the agents' process; the model is whoever listens on that port."""
    egress = way_to(Purpose.MODEL, port, house.clock)

    async def ask(turn: Turn, body: bytes) -> Said:
        errand = Errand(Purpose.MODEL, turn.agent, turn.tenant)
        return await hosted.ask(egress, errand, f"http://{HOST}:{port}", "", body)

    desk = hosted.Desk(
        db=house.db,
        jobs=house.jobs,
        clock=house.clock,
        entropy=house.entropy,
        ask=ask,
        tools={},
        judge=hosted.judge,
        prices=shipped(),
    )
    async with house.db.transaction(tenant) as tx:
        kept = await mailbox.find(tx, email)
    if kept is None:
        raise CannotVerifyError("email.missing")
    promise = hosted.promise(email, kept.thread)
    job = Job(
        id=JobId(0),
        tenant=tenant,
        kind=promise.kind,
        key=promise.key,
        body=promise.body,
        attempt=1,
        promised_at=house.clock(),
    )
    take: Callable[[Job], Awaitable[None]] = hosted.handlers(desk)[TURN]
    with suppress(TryAgainError):
        await take(job)


async def _opened(target: Hosted) -> int:
    async with target.house.db.transaction(target.box.tenant) as tx:
        counted = await record.connections(tx)
    return sum(each.times.count for each in counted if each.purpose == Purpose.MODEL)


def _is_open(register: Register, row: Destination) -> bool:
    """Tell whether this process, which serves, could connect to a model's endpoint."""
    if row.purpose is not Purpose.MODEL:
        return False
    try:
        register.find(row.purpose, row.host, row.port)
    except EgressRefusedError:
        return False
    return True
