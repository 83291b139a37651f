"""Errors of the record."""


class ForkError(Exception):
    """Going on would contradict a checkpoint that is signed already; an operator must restore what was lost."""


class UnwitnessedError(Exception):
    """Too few witnesses cosigned; the text says what each of the others did. A later attempt may succeed."""
