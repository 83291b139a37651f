"""The MailPolicy document: parsed, validated and compiled once, pure."""

from dataclasses import dataclass


class PolicyError(ValueError):
    """The document is not a policy; ``errors`` has one sentence per fault, in document order."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled policy document."""

    version: int
    digest: str


def parse(document: object, *, version: int) -> tuple[Policy, list[str]]:
    """Return the compiled policy and its warnings; raises ``PolicyError``."""
    raise NotImplementedError
