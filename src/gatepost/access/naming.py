"""Names that people choose for things."""

from gatepost.access.paper import AccessError

NAME_MAX = 100


def plain_name(what: str, text: str) -> str:
    """Return ``text`` without space around it, fit to be shown in a list and a terminal.

    Raises:
        AccessError: it is empty, longer than 100 characters, or has a character that does not print.
    """
    name = text.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise AccessError(f"a {what} has 1 to {NAME_MAX} printable characters")
    return name
