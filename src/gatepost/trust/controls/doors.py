"""Doors that must be found out: old TLS, SSL 3.0, a certificate about to end, passwords in clear; false pages."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from gatepost.ids import TenantId
from gatepost.trust.bench import Bench
from gatepost.trust.checks.mail import Canary, Postbox
from gatepost.trust.checks.page import Measured, Served
from gatepost.trust.checks.tls import Doors
from gatepost.trust.controls import server
from gatepost.trust.probe.client import Prober
from gatepost.trust.world import Endpoint

_SOON_S = 0.4


def _prober(bench: Bench) -> Prober:
    return Prober(bench.egress, bench.entropy)


def _doors(bench: Bench, port: int, tls: str) -> Doors:
    endpoint = Endpoint(door="control", host=server.HOST, port=port, tls=tls)
    return Doors(_prober(bench), (endpoint,), bench.clock())


@asynccontextmanager
async def old_tls(bench: Bench) -> AsyncIterator[Doors]:
    """A listener of the real OpenSSL that takes TLS 1.0 and 1.1."""
    async with server.listening(server.hang_up, server.lax(bench.folder, bench.clock())) as port:
        yield _doors(bench, port, "implicit")


@asynccontextmanager
async def ssl3(bench: Bench) -> AsyncIterator[Doors]:
    """A responder that takes SSL 3.0 and nothing else."""
    async with server.listening(server.speak_ssl3) as port:
        yield _doors(bench, port, "implicit")


@asynccontextmanager
async def ending(bench: Bench) -> AsyncIterator[Doors]:
    """A listener whose certificate ends in three days."""
    async with server.listening(server.hang_up, server.ending(bench.folder, bench.clock())) as port:
        yield _doors(bench, port, "implicit")


@asynccontextmanager
async def auth_in_clear(bench: Bench) -> AsyncIterator[Doors]:
    """A mail server that takes passwords before TLS."""
    context = server.ending(bench.folder, bench.clock())
    async with server.listening(server.smtp(auth=True, context=context)) as port:
        yield _doors(bench, port, "starttls")


@asynccontextmanager
async def forgetful(bench: Bench) -> AsyncIterator[Postbox]:
    """A mail server that says 250 to everything and records nothing."""
    async with server.listening(server.smtp(auth=False)) as port:
        yield Postbox(
            prober=_prober(bench),
            host=server.HOST,
            port=port,
            recipient="control@control.invalid",
            db=bench.db,
            tenant=TenantId("tn_control"),
            kinds={"control": Canary("friend@control.invalid", tls=False)},
            entropy=bench.entropy,
            wait_s=_SOON_S,
        )


def _pages(pages: Mapping[str, tuple[str, bytes]]) -> server.Talk:
    return server.http(pages)


@asynccontextmanager
async def _served(bench: Bench, pages: Mapping[str, tuple[str, bytes]]) -> AsyncIterator[Served]:
    async with server.listening(_pages(pages)) as port:
        endpoint = Endpoint(door="control", host=server.HOST, port=port, tls="")
        yield Served(_prober(bench), endpoint, frozenset({"security@control.invalid"}), bench.clock())


@asynccontextmanager
async def expired_security_txt(bench: Bench) -> AsyncIterator[Served]:
    """A security.txt that ended years ago."""
    text = b"Contact: mailto:security@control.invalid\r\nExpires: 2020-01-01T00:00:00Z\r\n"
    pages = {"/.well-known/security.txt": ("text/plain; charset=utf-8", text)}
    async with _served(bench, pages) as target:
        yield target


@asynccontextmanager
async def lying_page(bench: Bench) -> AsyncIterator[Served]:
    """A page that shows green what claims.json calls failed."""
    pages = {
        "/trust/claims.json": ("application/json", b'{"claims": [{"id": "X1", "status": "FAIL"}]}'),
        "/trust/": ("text/html", b'<p data-claim="X1" data-status="PASS">All is well.</p>'),
    }
    async with _served(bench, pages) as target:
        yield target


@asynccontextmanager
async def frozen_summary(bench: Bench) -> AsyncIterator[Served]:
    """A status page that nobody has brought up to date for years."""
    text = b'{"page": {"updated_at": "2020-01-01T00:00:00Z"}, "components": [{"name": "a", "status": "operational"}]}'
    async with _served(bench, {"/api/v2/summary.json": ("application/json", text)}) as target:
        yield target


@asynccontextmanager
async def silent_metrics(bench: Bench) -> AsyncIterator[Measured]:
    """A metrics door without a measurement."""
    async with server.listening(_pages({"/metrics": ("text/plain", b"# nothing\n")})) as port:
        endpoint = Endpoint(door="control", host=server.HOST, port=port, tls="")
        yield Measured(_prober(bench), endpoint, ("gatepost_",))
