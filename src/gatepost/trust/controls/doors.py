"""Doors that must be found out: old TLS, SSL 3.0, a certificate about to end, passwords in clear; false pages."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from gatepost.ids import TenantId
from gatepost.trust.bench import Bench
from gatepost.trust.checks.mail import Canary, Postbox
from gatepost.trust.checks.page import Measured, Served
from gatepost.trust.checks.tls import Doors
from gatepost.trust.controls import server
from gatepost.trust.probe.client import Prober
from gatepost.trust.probe.listeners import Listener
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
async def odd_suite(bench: Bench) -> AsyncIterator[Doors]:
    """A responder that takes TLS 1.0 under CAMELLIA, and nothing that is more usual."""
    async with server.listening(server.speak_only(b"\x03\x01", b"\x00\x84")) as port:
        yield _doors(bench, port, "implicit")


@asynccontextmanager
async def bare_suite(bench: Bench) -> AsyncIterator[Doors]:
    """A listener of the real OpenSSL that takes TLS 1.2 without any encryption."""
    context = server.today(bench.folder, bench.clock())
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384:NULL-SHA256:NULL-SHA:@SECLEVEL=0")
    async with server.listening(server.hang_up, context) as port:
        yield _doors(bench, port, "implicit")


@asynccontextmanager
async def not_yet(bench: Bench) -> AsyncIterator[Doors]:
    """A listener whose certificate begins in a month."""
    context = server.today(bench.folder, bench.clock(), begins=30)
    async with server.listening(server.hang_up, context) as port:
        yield _doors(bench, port, "implicit")


@asynccontextmanager
async def other_name(bench: Bench) -> AsyncIterator[Doors]:
    """A listener whose certificate is somebody else's."""
    async with server.listening(server.hang_up, server.today(bench.folder, bench.clock())) as port:
        doors = _doors(bench, port, "implicit")
        yield replace(doors, endpoints=(replace(doors.endpoints[0], name="ours.invalid"),))


@asynccontextmanager
async def clear_everywhere(bench: Bench) -> AsyncIterator[Doors]:
    """A door in clear that this machine reaches under loopback, and that listens on every interface."""
    doors = _doors(bench, 1, "")
    yield replace(doors, endpoints=(replace(doors.endpoints[0], bound="0.0.0.0"),))  # noqa: S104  # nobody listens


@asynccontextmanager
async def undeclared(bench: Bench) -> AsyncIterator[Doors]:
    """A process that listens to the network on a port that is no door's."""
    yield replace(_doors(bench, 1, ""), listeners=(Listener("::", 2),))


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
async def serving(bench: Bench, pages: Mapping[str, tuple[str, bytes]]) -> AsyncIterator[Served]:
    """Serve these pages: path to content type and body."""
    async with server.listening(_pages(pages)) as port:
        endpoint = Endpoint(door="control", host=server.HOST, port=port, tls="")
        yield Served(_prober(bench), endpoint, frozenset({"security@control.invalid"}), bench.clock())


@asynccontextmanager
async def expired_security_txt(bench: Bench) -> AsyncIterator[Served]:
    """A security.txt that ended years ago."""
    text = b"Contact: mailto:security@control.invalid\r\nExpires: 2020-01-01T00:00:00Z\r\n"
    pages = {"/.well-known/security.txt": ("text/plain; charset=utf-8", text)}
    async with serving(bench, pages) as target:
        yield target


@asynccontextmanager
async def strangers_security_txt(bench: Bench) -> AsyncIterator[Served]:
    """A security.txt that names an address which is not the one for security."""
    text = b"Contact: mailto:sales@control.invalid\r\nExpires: 2090-01-01T00:00:00Z\r\n"
    async with serving(bench, {"/.well-known/security.txt": ("text/plain; charset=utf-8", text)}) as target:
        yield target


_AGREEING = {
    "/trust/claims.json": ("application/json", b'{"claims": [{"id": "X1", "status": "FAIL"}]}'),
    "/trust/": ("text/html", b'<p data-claim="X1" data-status="FAIL">Not so.</p>'),
}


@asynccontextmanager
async def cut_page(bench: Bench) -> AsyncIterator[Served]:
    """Pages that agree on every claim, beside which nothing else is served."""
    async with serving(bench, _AGREEING) as target:
        yield target


@asynccontextmanager
async def other_text(bench: Bench) -> AsyncIterator[Served]:
    """Pages that are whole, where a text is shown that is not the one in the folder."""
    names = ("documents", "subprocessors", "controls", "changes", "documents/one")
    pages = {**{f"/trust/{each}": ("text/html", b"another") for each in names}, "/status": ("text/html", b"fine")}
    async with serving(bench, _AGREEING | pages) as target:
        yield replace(target, texts={"one": "0" * 64})


@asynccontextmanager
async def lying_page(bench: Bench) -> AsyncIterator[Served]:
    """A page that shows green what claims.json calls failed."""
    pages = {
        "/trust/claims.json": ("application/json", b'{"claims": [{"id": "X1", "status": "FAIL"}]}'),
        "/trust/": ("text/html", b'<p data-claim="X1" data-status="PASS">All is well.</p>'),
    }
    async with serving(bench, pages) as target:
        yield target


@asynccontextmanager
async def frozen_summary(bench: Bench) -> AsyncIterator[Served]:
    """A status page that nobody has brought up to date for years."""
    text = b'{"page": {"updated_at": "2020-01-01T00:00:00Z"}, "components": [{"name": "a", "status": "operational"}]}'
    async with serving(bench, {"/api/v2/summary.json": ("application/json", text)}) as target:
        yield target


@asynccontextmanager
async def silent_metrics(bench: Bench) -> AsyncIterator[Measured]:
    """A metrics door without a measurement."""
    async with _measuring(bench, b"# nothing\n") as target:
        yield target


@asynccontextmanager
async def frozen_metrics(bench: Bench) -> AsyncIterator[Measured]:
    """A metrics door whose figures were written down once."""
    async with _measuring(bench, b"gatepost_smtp_sessions_total 7\n") as target:
        yield target


@asynccontextmanager
async def _measuring(bench: Bench, text: bytes) -> AsyncIterator[Measured]:
    pages, mail = _pages({"/metrics": ("text/plain", text)}), server.smtp(auth=False)
    async with server.listening(pages) as port, server.listening(mail) as smtp:
        doors = [Endpoint(door="control", host=server.HOST, port=each, tls="") for each in (port, smtp)]
        yield Measured(_prober(bench), doors[0], ("gatepost_",), doors[1])
