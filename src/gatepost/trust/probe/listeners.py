"""Where a process and its children listen on TCP, by the kernel's own tables (proc(5)); no network is asked."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_LISTEN = "0A"
PROC = Path("/proc")


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """A socket that waits for connections."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        address = ip_address(self.address)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


def of_tree(pid: int, proc: Path = PROC) -> tuple[Listener, ...] | None:
    """Return what a process and all its descendants listen on; None where the kernel has no such tables.

    What runs under another account shows its sockets to nobody else, and is left out.
    """
    if not (proc / "net" / "tcp").exists():
        return None
    sockets = {inode for each in _family(pid, proc) for inode in _sockets(proc / str(each))}
    found = {listener for inode, listener in _listening(proc) if inode in sockets}
    return tuple(sorted(found))


def _family(pid: int, proc: Path) -> set[int]:
    parents: dict[int, int] = {}
    for each in proc.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
            parents[int(each.name)] = int((each / "stat").read_text().rsplit(")", 1)[1].split()[1])
    family, size = {pid}, 0
    while size < len(family):
        size = len(family)
        family |= {child for child, parent in parents.items() if parent in family}
    return family


def _sockets(process: Path) -> Iterator[str]:
    with suppress(OSError):
        for each in (process / "fd").iterdir():
            with suppress(OSError):
                name = str(each.readlink())
                if name.startswith("socket:["):
                    yield name[len("socket:[") : -1]


def _listening(proc: Path) -> Iterator[tuple[str, Listener]]:
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (proc / "net" / name).read_text().splitlines()[1:]:
                parts = line.split()
                if parts[3] == _LISTEN:
                    address, port = parts[1].split(":")
                    yield parts[9], Listener(_address(address), int(port, 16))


def _address(text: str) -> str:
    """Read an address as the kernel prints it: words of four octets in this machine's order."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    return str(ip_address(b"".join(words)))
