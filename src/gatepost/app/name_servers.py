"""The machine's name servers, read again when their file names others (resolv.conf(5)): networks change under us."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from gatepost.app.ways_out import name_server_rows, place
from gatepost.dns.hosts import servers_in
from gatepost.egress import Egress, EgressRefusedError, Purpose

log = structlog.get_logger()


class Followed:
    """Tells when they are others, and declares those to the way out.

    Args:
        path: the file.
        servers: those known, as ``servers_in`` returns them.
        egress: where they are declared.
    """

    def __init__(self, path: Path, servers: Sequence[str], egress: Egress) -> None:
        self._path = path
        self._servers = tuple(servers)
        self._egress = egress
        self._unsure = ""  # a text that named none when it was read last

    def __call__(self) -> list[tuple[str, int]] | None:
        """Return the servers as address and port if they are others than before.

        A file that cannot be read, or is empty, is one that is just being written, and so may be one that names none:
        only where it says the same at the next look it means this machine's own. Where the operator declared which
        may be asked, and these are others, those before are asked on.
        """
        try:
            text = self._path.read_text(errors="replace")
        except OSError:
            return None
        found = servers_in(text)
        is_sure = text == self._unsure or any(line.startswith("nameserver") for line in text.splitlines())
        self._unsure = text
        if not text.strip() or not is_sure or found == self._servers:
            return None
        self._servers = found
        self._egress.register = self._egress.register.following(name_server_rows(found))
        log.info("dns.servers_changed", servers=len(found))
        return [server for each in found if self._is_open(server := place(each, "dns.servers"))] or None

    def _is_open(self, server: tuple[str, int]) -> bool:
        try:
            self._egress.register.find(Purpose.DNS, *server)
        except EgressRefusedError:
            return False
        return True
