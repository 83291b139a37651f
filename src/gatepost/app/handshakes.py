"""Who comes in over TLS: a bound on those who have not finished their handshake.

An event loop's own server lets in anybody and waits a minute for each: 4,000 who said half a hello took 400 MB.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

HANDSHAKES_MAX = 200
"""Under way at once; on top of them whoever began first makes room."""
HANDSHAKE_S = 20.0
NO_FILES_S = 0.5
"""Until the next look, where this process may open no further file."""


async def admit(listener: socket.socket, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext) -> None:
    """Let in whoever comes, each to a ``protocol`` of its own once its handshake is done, until cancelled."""
    loop = asyncio.get_running_loop()
    listener.settimeout(0)
    shaking: dict[asyncio.Task[None], None] = {}  # in the order they came
    async with asyncio.TaskGroup() as group:
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except OSError:  # it went away again, or there are too many files
                await asyncio.sleep(NO_FILES_S)
                continue
            if len(shaking) >= HANDSHAKES_MAX:
                first = next(iter(shaking))
                first.cancel()
                del shaking[first]
            task = group.create_task(_shake(accepted, protocol, context))
            shaking[task] = None
            task.add_done_callback(lambda done: shaking.pop(done, None))


async def _shake(accepted: socket.socket, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext) -> None:
    with suppress(OSError):  # no TLS, none that we speak, too slow, or gone
        await asyncio.get_running_loop().connect_accepted_socket(
            protocol, accepted, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
        )
