"""Whose copy it is, written into what they see: text and Markdown; other kinds are handed out as they are. Pure."""

from datetime import datetime

from gatepost.trust.leaf import instant
from gatepost.trust.room.paper import Grant


def mark(grant: Grant, at: datetime) -> str:
    """Return the line that names a viewer, without anything that could end it."""
    who = grant.visitor
    words = f"For {who.name}, {who.company} ({who.address}) - {instant(at)} - {grant.id}"
    return " ".join(words.split())


def marked(octets: bytes, grant: Grant, at: datetime) -> str:
    """Return a text with the line above and below it, and after every fiftieth line."""
    line = mark(grant, at)
    lines = octets.decode("utf-8", "replace").splitlines()
    pieces = [lines[start : start + 50] for start in range(0, len(lines), 50)] or [[]]
    body = f"\n\n{line}\n\n".join("\n".join(piece) for piece in pieces)
    return f"{line}\n\n{body}\n\n{line}\n"
