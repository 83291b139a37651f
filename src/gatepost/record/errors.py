"""Errors of the record."""


class ForkError(Exception):
    """Going on would contradict a checkpoint that is signed already; an operator must restore what was lost."""


class IndexBehindError(Exception):
    """What was asked for cannot be answered whole: ``count`` entries are not indexed yet. It helps to wait."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} entries are not indexed yet; until then some would be missed")


class UnwitnessedError(Exception):
    """Too few witnesses cosigned; the text says what each of the others did. A later attempt may succeed."""
