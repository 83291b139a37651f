"""What is said at a door between two of our processes: one asks for a connection, the other carries it on. Pure."""

import json
from dataclasses import dataclass
from typing import Self

from gatepost.egress.paper import EgressRefusedError, Errand, Purpose, Rule, UnreachableError
from gatepost.ids import TenantId

LINE_MAX_OCTETS = 4_096
"""How long a question or an answer at the door may be."""

OPEN, UNREACHABLE = "open", "unreachable"
"""The answers at the door; any other word is the rule that refused."""


GONE, FAILED = -1, -2
"""Said in place of an object's size: there is none; the store did not answer."""

_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True)
class Asked:
    """One connection asked for: where to, why, and whether it would go unencrypted."""

    errand: Errand
    host: str
    port: int
    in_clear: bool

    def spelled(self) -> bytes:
        """Return it as one line."""
        said = [self.errand.purpose, self.errand.ref, self.errand.tenant, self.host, self.port, self.in_clear]
        return json.dumps(said).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Return what a line asks for.

        Raises:
            ValueError: it asks for nothing.
        """
        try:
            said = json.loads(line)
        except RecursionError as error:
            raise ValueError("no question") from error
        match said:
            case [str(purpose), str(ref), str() | None as tenant, str(host), int(port), bool(in_clear)] if (
                port in _PORTS
            ):
                errand = Errand(Purpose(purpose), ref, TenantId(tenant) if tenant is not None else None)
                return cls(errand, host, port, in_clear)
            case _:
                raise ValueError("no question")


def answered(line: bytes) -> None:
    """Return where the door opened.

    Raises:
        EgressRefusedError: a rule forbids the connection.
        UnreachableError: nobody answers there.
    """
    word = line.decode("ascii", "replace").strip()
    if word == OPEN:
        return
    if word in set(Rule):
        raise EgressRefusedError(Rule(word))
    raise UnreachableError("no address answered")
