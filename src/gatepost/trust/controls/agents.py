"""Hosted agents that are on: the same mail reaches the endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from gatepost.ids import token
from gatepost.trust import agent_canary
from gatepost.trust.bench import Bench
from gatepost.trust.checks.agents import KIND, Hosted
from gatepost.trust.checks.mail import Canary, Postbox
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.probe.client import Prober


@asynccontextmanager
async def switched_on(bench: Bench) -> AsyncIterator[Hosted]:
    """The canaries' mailbox with an agent, in the one moment in which its tenant has agents on."""
    world = bench.world
    if world is None or world.canary is None or not world.canary.agent:
        raise CannotVerifyError("canary.missing")
    house, canary = world.house, world.canary
    smtp = next(each for each in world.endpoints if each.door == "smtp")
    word = token("cw", house.entropy(20))
    box = Postbox(
        prober=Prober(house.egress, house.entropy),
        host=smtp.host,
        port=smtp.port,
        recipient=canary.agent,
        db=house.db,
        tenant=canary.tenant,
        kinds={KIND: Canary("friend@canary.invalid", words=word, is_automatic=False)},
        entropy=house.entropy,
    )
    yield Hosted(house=house, box=box, word=word, during=partial(agent_canary.switched_on, house, canary.tenant))
