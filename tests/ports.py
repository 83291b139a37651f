"""Ports that stay free until whoever a test starts later listens on them, or never does."""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000
_draw = random.SystemRandom()  # pytest seeds the other one alike in every process


def free_port() -> int:
    """Return a port of 127.0.0.1 that no socket has, TCP or UDP, and that the system hands to nobody unasked.

    A port that was had by binding to 0 and given back is of the system's own range: until it is bound again, any
    connection of this machine may be given that number.
    """
    first_of_system = int(_RANGE.read_text().split()[0])
    for _ in range(100):
        port = _draw.randrange(_LOWEST, first_of_system)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise OSError("no port of 127.0.0.1 below the system's own range is free")
