"""The one way out: every outgoing connection, its register, its refusals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NextHop:
    """The relay all outgoing mail is handed to; without one, mail goes to the recipient's MX."""

    host: str
    port: int


class EgressRefusedError(Exception):
    """Connecting there is not allowed; the text says which rule forbids it."""


class Egress:
    """Opens outgoing connections on behalf of the rooms above."""
