"""How words fill the lines of what cuts them: what no longer fits in a line, or in a box of so many lines, is not seen.

Letters are counted narrower than fonts draw them, and lines lower, so that nothing is cut that a person sees.
"""

import re
import unicodedata

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_box import is_inline
from gatepost.verify.reading.html_open import Open
from gatepost.verify.reading.html_place import Place
from gatepost.verify.reading.html_scan import Text
from gatepost.verify.reading.html_value import Said

_NARROW = 0.36
"""Of the font's size: the width of a letter, on the average, in the narrowest font for text."""
_ASKED = 100
"""Elements around that are asked for the direction of lines."""
_WORD = re.compile(r"\s+|\S+")
Piece = tuple[Text, Technique | None]


def holder_of(opened: list[Open]) -> Open:
    """Return the innermost of the open elements that holds lines of its own."""
    return opened[-1].holder or opened[-1]


def place_in_line(element: Open, opened: list[Open], around: Said) -> None:
    """Find out how an element stands in the lines of those around it. ``around``: what was declared of its parent."""
    if element.look.said is not around:
        element.said = element.look.said
    if not opened:
        return
    holder = holder_of(opened)
    if is_inline(element.tag, element.style, around.style):
        element.holder = holder
        return
    if (width := element.width_in_line) is not None:
        holder.make_room(width)
    if holder.is_cut and not element.is_aloft:
        element.above = holder.above + holder.down


def pieces(token: Text, opened: list[Open], *, is_preformatted: bool) -> list[Piece]:
    """Return a text and by what it is hidden: two pieces of it where a full line or box cuts it."""
    holder, look = holder_of(opened), opened[-1].look
    place, words = look.place, token.text.strip()
    if place is None or not holder.is_cut or look.gone is not None:
        return [(token, look.hides(len(words), holder.above + holder.down))]
    holder.make_room(look.size * _NARROW)
    down = holder.above + holder.down
    hidden_by = look.hides(len(words), down)
    widths = [_width(found[0], place) * look.size for found in _WORD.finditer(token.text)]
    room = place.room(look.size, down, holder.across) if hidden_by is None else None
    is_bounded = room is not None and not is_preformatted and not (place.is_spaced and "\n" in words)
    holder.fill(sum(widths))
    if not is_bounded or room is None or sum(widths) <= room or _is_leftward(opened):
        return [(token, hidden_by)]
    return _cut(token, widths, room)


def _width(word: str, place: Place) -> float:
    """Return how wide a word, or what parts two, is at least, for a font's size of one."""
    if word.isspace() and not place.is_spaced:
        return _NARROW
    if word.isascii():
        return len(word) * _NARROW
    return sum(_NARROW for letter in word if unicodedata.category(letter)[0] not in "MC")


def _is_leftward(opened: list[Open]) -> bool:
    """Tell whether lines begin at the right, so that what is cut may be their beginning."""
    return any(
        "rtl" in (element.attributes.get("dir", "").lower(), element.style.get("direction"))
        for element in opened[-_ASKED:]
    )


def _cut(token: Text, widths: list[float], room: float) -> list[Piece]:
    """Part a text before the first word that no room is left for."""
    for found, width in zip(_WORD.finditer(token.text), widths, strict=True):
        if room <= 0:
            head, tail = token.text[: found.start()], token.text[found.start() :]
            shown: list[Piece] = [(token._replace(text=head), None)] if head.strip() else []
            return [*shown, (token._replace(text=tail), Technique.CLIPPED)]
        room -= width
    return [(token, None)]
