"""Changes of a policy as lines to read: where, what it was, what it would be."""

from collections.abc import Iterator, Sequence

from gatepost.decide.diff import Change


def lines(changes: Sequence[Change]) -> Iterator[str]:
    """Yield each place once, with what stood there (``-``) and what would (``+``) below it."""
    last = ""
    for each in changes:
        place = _place(each)
        if place != last:
            yield place
        last = place
        if each.before != each.after:
            yield from (f"  {sign} {_legible(text)}" for sign, text in (("-", each.before), ("+", each.after)) if text)


def _place(each: Change) -> str:
    if each.before == each.after:
        return f"{each.path}: moved, it was {each.stood}"
    if each.path.endswith("]") and not (each.before and each.after):
        return f"{each.path}: {'gone' if each.before else 'new'}"
    return each.path + (f" (of what was {each.stood})" if each.stood else "")


def _legible(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
