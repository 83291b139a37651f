"""The HTTP listeners: REST for the world, metrics for this machine."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from typing_extensions import override

from gatepost.app.errors import CLOSE_GRACE_S, HouseEndedError, cannot_listen
from gatepost.app.handshakes import admit
from gatepost.app.http_protocol import CONNECTIONS_MAX, HttpProtocol
from gatepost.arrive.tls import Certificate
from gatepost.egress.addresses import is_this_machine

HSTS_S = 31_536_000
"""A year (RFC 6797): a browser or client that has been here never speaks plain HTTP to this name again."""


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

    def protocol(self) -> HttpProtocol:
        """Return what hears one connection; it is told of each by whoever accepts them."""
        return HttpProtocol(config=self.config, server_state=self.server_state, app_state={})


@asynccontextmanager
async def listening(
    app: Any, host: str, port: int, *, door: str, certificate: Certificate | None = None
) -> AsyncIterator[int]:
    """Serve ``app`` while the context lasts; yield the port. At the end answers under way are finished.

    Args:
        app: an ASGI application.
        host: address to listen on.
        port: 0 picks a free one.
        door: the section of the settings, for the advice in an error.
        certificate: None speaks plain HTTP.

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
        async with asyncio.TaskGroup() as group:
            if certificate is None:
                admitting = None
                group.create_task(server.serve([listener]))
            else:
                group.create_task(server.serve([]))
                admitting = group.create_task(admit(listener, server.protocol, certificate.context))
            try:
                yield int(listener.getsockname()[1])
            finally:
                server.should_exit = True
                if admitting is not None:
                    admitting.cancel()


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
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        raise cannot_listen(door, host, port, error) from error
