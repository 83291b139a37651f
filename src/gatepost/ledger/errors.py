"""The one error of this room."""


class LedgerError(ValueError):
    """A tree, tile, note or proof is malformed, or does not prove what it claims; the text says which and why."""
