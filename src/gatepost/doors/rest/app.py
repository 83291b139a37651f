"""The REST door put together: one FastAPI application over one house."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from typing_extensions import override

from gatepost.doors.limit import Limiter, Rate
from gatepost.doors.rest import (
    agents,
    answers,
    attachments,
    audit,
    egress,
    events,
    exports,
    health,
    holds,
    identity,
    letters,
    log,
    messages,
    metering,
    notices,
    openapi,
    petitions,
    policy,
    proposals,
    replays,
    retention,
    search,
    socket,
    translated,
    turns,
    usage,
    versions,
    waiting,
    webhooks,
    workbench,
)
from gatepost.doors.rest.edge import Edge
from gatepost.doors.rest.health import Readiness
from gatepost.journey import House
from gatepost.upkeep.retention import Keeper
from gatepost.workbench import Bench

PREFIX = "/api"
"""What ``base_url`` ends in; clients append ``/v1/...``."""

_NOUNS = (
    identity,
    policy,
    versions,
    workbench,
    replays,
    proposals,
    webhooks,
    audit,
    events,
    messages,
    attachments,
    answers,
    letters,
    holds,
    petitions,
    waiting,
    usage,
    log,
    search,
    egress,
    exports,
    agents,
    turns,
    metering,
    retention,
    notices,
)


def _operation(route: APIRoute) -> str:
    """Name an operation after its noun and its function: ``policy.replace``."""
    return f"{route.tags[0]}.{route.name}"


class Door(FastAPI):
    """FastAPI whose description is ours."""

    @override
    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return openapi.describe(self)


def assemble() -> Door:
    """Put the routes together, over no house yet: enough to describe them."""
    app = Door(
        title="Gatepost",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation,
        redirect_slashes=False,  # a redirect would repeat the caller's Host header
    )
    for noun in _NOUNS:
        app.include_router(noun.router, prefix=PREFIX)
    app.include_router(socket.router, prefix=PREFIX)
    app.include_router(log.tiles)
    app.include_router(health.router)
    translated.install(app)
    app.add_middleware(Edge)
    return app


async def _nothing_wrong() -> tuple[str, ...]:
    return ()


def build(
    house: House, *, keeper: Keeper | None = None, rate: Rate | None = None, readiness: Readiness = _nothing_wrong
) -> Door:
    """Build the application.

    Args:
        house: what the routes work on; its clock is this door's only time.
        keeper: who erases and holds; without it, those routes answer 503.
        rate: how often one key may call.
        readiness: asked by ``/health/ready``.
    """
    app = assemble()
    app.state.house = house
    app.state.keeper = keeper
    app.state.readiness = readiness
    app.state.limiter = Limiter(rate or Rate())
    app.state.bench = Bench()
    return app
