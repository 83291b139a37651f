"""A command's no."""


class Refusal(Exception):  # noqa: N818  # it is an answer to a person, not a fault
    """The command cannot do as asked; the text says why and what to do instead."""
