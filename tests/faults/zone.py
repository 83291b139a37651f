"""A name server that answers for everybody: whoever asks for a text learns that 127.0.0.1 sends for that name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.message

from hostile_dns import answer, serving


def answers(question: dns.message.Message, _is_tcp: bool) -> list[bytes]:  # the name server's signature
    """Return the packet to answer with."""
    asked = question.question[0]
    texts = [f'{asked.name} 3600 TXT "v=spf1 ip4:127.0.0.1 -all"'] if asked.rdtype.name == "TXT" else []
    return [answer(question, *texts).to_wire()]


@asynccontextmanager
async def named() -> AsyncIterator[str]:
    """Serve, and yield the address to ask."""
    async with serving(answers) as server:
        yield server.address
