"""The HTTP listeners: REST for the world, metrics for this machine."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from typing_extensions import override

from gatepost.app.crowd import Crowd
from gatepost.app.encrypted import Encrypted
from gatepost.app.errors import CLOSE_GRACE_S, HouseEndedError, cannot_listen
from gatepost.app.http_protocol import CONNECTIONS_MAX, HttpProtocol
from gatepost.arrive.tls import Certificate
from gatepost.egress.addresses import is_this_machine

HSTS_S = 31_536_000
"""A year (RFC 6797): a browser or client that has been here never speaks plain HTTP to this name again."""


BACKLOG = 1024
UNREAD_S = 60.0
"""For a client to take any of what was written to it; then its connection is gone, whoever thinks that it is there."""

SAID_MAX_OCTETS, PING_S = 4_096, 15.0
"""Of a WebSocket: nothing its reader says is listened to, and a reader that does not answer a ping in 30 s is gone."""


def _is_untold(line: logging.LogRecord) -> bool:
    """Tell whether a line of uvicorn's says more than ours: an answer that was cut off is ``rest.cut`` already."""
    return line.msg != "ASGI callable returned without completing response."


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: one place decides when the house stops."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def protocol(self, crowd: Crowd) -> HttpProtocol:
        """Return what serves one connection that came with others, beneath whoever decrypts it."""
        made = HttpProtocol(config=self.config, server_state=self.server_state, app_state={})
        made.crowd = crowd
        return made


@asynccontextmanager
async def listening(
    app: Any,
    host: str,
    port: int,
    *,
    door: str,
    certificate: Certificate | None = None,
    crowd: Crowd | None = None,
) -> AsyncIterator[int]:
    """Serve ``app`` while the context lasts; yield the port. At the end answers under way are finished.

    Args:
        app: an ASGI application.
        host: address to listen on.
        port: 0 picks a free one.
        door: the section of the settings, for the advice in an error.
        certificate: None speaks plain HTTP: to this machine, and so to a proxy, whose clients we cannot tell apart.
        crowd: counts who comes over TLS; None: as the settings have it unless somebody says otherwise.

    Raises:
        HouseEndedError: the address cannot be had, or plain HTTP would leave this machine.
    """
    if certificate is None and door == "http" and not is_this_machine(host):
        raise HouseEndedError(
            f"plain HTTP on {host} would show keys and mail to everybody on the way: set http.certificate and "
            "http.certificate_key, or listen on 127.0.0.1 and let a proxy on this machine speak TLS"
        )
    with _listen(host, port, door) as listener:
        server = _server(app, door, certificate)
        async with asyncio.TaskGroup() as group, _encrypted(server, listener, certificate, crowd or Crowd()) as plain:
            group.create_task(server.serve(plain))
            try:
                yield int(listener.getsockname()[1])
            finally:
                server.should_exit = True


@asynccontextmanager
async def _encrypted(
    server: _Server, listener: socket.socket, certificate: Certificate | None, crowd: Crowd
) -> AsyncIterator[list[socket.socket]]:
    """Let in whoever comes over TLS, while the context lasts; yield the listeners that are left for plain HTTP."""
    if certificate is None:
        yield [listener]
        return
    context = certificate.context
    accepting = await asyncio.get_running_loop().create_server(
        lambda: Encrypted(lambda: server.protocol(crowd), context, crowd), sock=listener, backlog=BACKLOG
    )
    try:
        yield []
    finally:
        accepting.close()
        crowd.disperse()


def _server(app: Any, door: str, certificate: Certificate | None) -> _Server:
    logging.getLogger("uvicorn.error").addFilter(_is_untold)
    return _Server(
        uvicorn.Config(
            app,
            http=HttpProtocol,
            ws="wsproto" if door == "http" else "none",
            ws_max_size=SAID_MAX_OCTETS,
            ws_ping_interval=PING_S,
            ws_ping_timeout=2 * PING_S,
            ws_per_message_deflate=False,  # what is compressed with a secret beside it tells of it
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=CLOSE_GRACE_S,
            # RFC 6797 section 7.2: never over plain HTTP. Here it also reaches answers that no route has made.
            headers=[("Strict-Transport-Security", f"max-age={HSTS_S}")] if certificate else None,
        )
    )


def _listen(host: str, port: int, door: str) -> socket.socket:
    try:
        listener = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=BACKLOG,
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise cannot_listen(door, host, port, error) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; whoever is accepted inherits it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_S * 1000))
    return listener
