"""Colours as style sheets write them (CSS Color 4), so far as it takes to see that text has its background's."""

import math
import re
from collections.abc import Mapping
from functools import lru_cache

from gatepost.verify.reading.html_length import number
from gatepost.verify.reading.html_spaces import Triple, of_srgb, to_srgb
from gatepost.verify.reading.html_tokens import parts

MAX_CHARS = 400
"""Longer ones are not computed, and taken for none at all that is seen."""
MAX_DEPTH = 4
TRANSPARENT = "transparent"
_NEAR = 24
"""Sum of channel differences up to which two colours look alike."""
_UNSEEN = 0.08
"""Opacity below which nothing is seen."""
_WORDS = """
    aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black
    000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0
    chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff
    darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki
    bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon
    e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1
    darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick
    b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700
    goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4
    indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00
    lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray
    d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue
    87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00
    limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd
    mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a
    mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin
    ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered
    ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip
    ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399
    red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57
    seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090
    snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise
    40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32
""".split()  # noqa: SIM905  # as a list it would stand on 300 lines
_NAMES = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True)) | {TRANSPARENT: TRANSPARENT} | dict.fromkeys(
    ("canvas", "field", "buttonhighlight", "infobackground", "window", "background"), "ffffff"
) | dict.fromkeys(
    ("canvastext", "fieldtext", "buttontext", "windowtext", "infotext", "menutext", "captiontext"), "000000"
) | {
    "buttonface": "efefef", "threedface": "c0c0c0", "graytext": "808080", "linktext": "0000ee",
    "visitedtext": "551a8b", "activetext": "ff0000", "mark": "ffff00", "marktext": "000000", "highlight": "b5d5ff",
    "-webkit-link": "0000ee",
    "highlighttext": "000000", "buttonborder": "000000", "menu": "ffffff", "scrollbar": "ffffff",
}  # fmt: skip
"""Those of the system as Chromium has them on a light page (CSS Color 4 section 6.2)."""
_HEX = re.compile(r"#?([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})", re.ASCII)
_CALLED = re.compile(r"(?P<name>[a-z\-]+)\((?P<inside>.*)\)", re.DOTALL)
_PIECE = re.compile(r"(?:[^\s,/()]|\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\))+")
"""A word of a value, brackets and what they hold with it."""
_CHANNELS = {
    "rgb": "rgb", "hsl": "hsl", "hwb": "hwb", "lab": "lab", "lch": "lch", "oklab": "lab", "oklch": "lch",
    "color": "rgb",
}  # fmt: skip
_WHOLE = {
    "rgb": (2.55, 2.55, 2.55), "hsl": (3.6, 1.0, 1.0), "hwb": (3.6, 1.0, 1.0), "lab": (1.0, 1.25, 1.25),
    "lch": (1.0, 1.5, 3.6), "oklab": (0.01, 0.004, 0.004), "oklch": (0.01, 0.004, 3.6), "color": (0.01, 0.01, 0.01),
}  # fmt: skip
"""What a hundredth of each number comes to."""
_GRADIENT = re.compile(r"gradient\((?P<stops>(?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)?")
_ADDRESS = re.compile(r"(?:url|image-set|image|cross-fade|element)\(")
_BACKGROUNDS = frozenset({"background", "background-color", "background-image"})
_SOLID = 0.995
Shade = tuple[float, float, float, float]
"""Red, green and blue of sRGB and opacity, 0 to 1."""


@lru_cache(maxsize=4096)
def read(value: str, inherited: str, own: str = "") -> str:
    """Return six hex digits, eight where something shines through, or ``transparent``.

    Args:
        value: as written.
        inherited: what is returned where no colour is written.
        own: what ``currentcolor`` means; ``inherited`` where it is empty.
    """
    value = value.strip().lower()
    if value in _NAMES:
        return _NAMES[value]
    if value == "currentcolor":
        return own or inherited
    found = _shade(value, own or inherited, 0)
    return inherited if found is None else spelled(found)


def words(layer: str) -> list[str]:
    """Return the words of a value, each with its brackets and what they hold."""
    found: list[str] = _PIECE.findall(layer)
    return found


def is_colour(value: str) -> bool:
    """Tell whether a browser knows a colour; what is longer than we compute, and what is put in later, passes."""
    return value in _KEYWORDS or "var(" in value or bool(read(value, "", "000000"))


_KEYWORDS = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})


def legacy(value: str, inherited: str) -> str:
    """Return the colour that an attribute of old says, whatever it says (HTML standard section 2.4.6)."""
    value = value.strip().lower()[:128]
    if not value or value == TRANSPARENT:
        return inherited
    if value in _NAMES or re.fullmatch(r"#[0-9a-f]{3}|#?[0-9a-f]{6}", value):
        return read(value, inherited)
    digits = re.sub(r"[^0-9a-f]", "0", value.removeprefix("#"))
    digits += "0" * (-len(digits) % 3 or 3 * (not digits))
    width = len(digits) // 3
    parts = [digits[at * width : (at + 1) * width][-8:] for at in range(3)]
    while len(parts[0]) > 2 and all(part[0] == "0" for part in parts):  # noqa: PLR2004  # two digits are a channel
        parts = [part[1:] for part in parts]
    return "".join(part[:2].rjust(2, "0") for part in parts)


def _shade(value: str, own: str, depth: int) -> Shade | None:
    """Compute a colour; None where none is written."""
    if value in _NAMES or value == "currentcolor":
        return shade_of(_NAMES.get(value, own))
    if found := _HEX.fullmatch(value):  # without # in old documents, as browsers read them (quirks mode)
        digits = found[1] if len(found[1]) > 4 else "".join(digit * 2 for digit in found[1])  # noqa: PLR2004  # rgba
        return shade_of(digits)
    return _called(value, own, depth) if "(" in value and depth <= MAX_DEPTH else None


def _called(value: str, own: str, depth: int) -> Shade | None:
    """Compute a function, closed at the value's end where nobody closed it."""
    called = _CALLED.fullmatch(value if value.endswith(")") else f"{value})")
    if called is None:
        return None
    name, inside = called["name"], called["inside"]
    if len(value) > MAX_CHARS:
        return (0.0, 0.0, 0.0, 0.0) if name in {"color-mix", "light-dark"} or name.rstrip("a") in _CHANNELS else None
    if name == "light-dark":
        return _shade(cut(inside)[0], own, depth + 1)
    if name == "color-mix":
        return _mixed(cut(inside), own, depth + 1)
    name = name[:-1] if name in {"rgba", "hsla"} else name
    return _computed(name, inside, own, depth + 1) if name in _CHANNELS else None


def cut(inside: str) -> list[str]:
    """Cut at the commas that stand in no brackets."""
    return [part.strip() for part in parts(inside)]


def _computed(name: str, inside: str, own: str, depth: int) -> Shade | None:
    """Compute a function of numbers, of its own or of another colour's."""
    pieces = _PIECE.findall(inside)
    known: dict[str, float] = {}
    base: Shade | None = None
    if pieces[:1] == ["from"] and len(pieces) > 1:
        base = _shade(pieces[1], own, depth)
        if base is None:
            return None
        pieces = pieces[2:]
    space = pieces.pop(0) if name == "color" and pieces else name
    if base is not None:
        letters = "xyz" if space.startswith("xyz") else _CHANNELS[name]
        known = {**dict(zip(letters, of_srgb(space, base[:3]), strict=True)), "alpha": base[3]}
    if len(pieces) not in {3, 4}:
        return None
    numbers = [_number(one, whole, known) for one, whole in zip(pieces, (*_WHOLE[name], 0.01), strict=False)]
    one, two, three = numbers[:3]
    alpha = numbers[3] if len(numbers) > len(_WHOLE[name]) else known.get("alpha", 1.0)
    if one is None or two is None or three is None or alpha is None:
        return None
    return _on_screen(to_srgb(space, (one, two, three)), alpha)


def _on_screen(rgb: Triple, alpha: float) -> Shade:
    red, green, blue, seen = (min(max(one, 0.0), 1.0) if math.isfinite(one) else 0.0 for one in (*rgb, alpha))
    return red, green, blue, seen


def _number(written: str, whole: float, known: dict[str, float]) -> float | None:
    if written == "none":
        return 0.0
    if known:
        written = re.sub(r"(?<![\w.])(?:alpha|[a-z])(?![\w(])", lambda found: _of(known, found[0]), written)
    return number(written, percent=whole)


def _of(known: dict[str, float], name: str) -> str:
    return f"{known[name]:.6f}" if name in known else name


def _mixed(parts: list[str], own: str, depth: int) -> Shade | None:
    """Mix two colours (CSS Color 5 section 2)."""
    if not parts[0].startswith("in "):
        parts = ["in oklab", *parts]
    space = parts[0].split()[1]
    shades: list[Shade] = []
    shares: list[float | None] = []
    for part in parts[1:3]:
        words = _PIECE.findall(part)
        written = [word for word in words if word.endswith("%") or word.startswith("calc(")]
        found = next((shade for word in words if word not in written and (shade := _shade(word, own, depth))), None)
        if found is None:
            return None
        shades.append(found)
        shares.append(number(written[0], percent=0.01) if written else None)
    if len(shades) < len("ab"):
        return None
    first, second = _shares(*shares)
    alpha = shades[0][3] * first + shades[1][3] * second
    whole = min(first + second, 1.0)
    weights = (first * shades[0][3], second * shades[1][3])
    both = sum(weights) or 1.0
    of = [of_srgb(space, shade[:3]) for shade in shades]
    one, two, three = ((one * weights[0] + other * weights[1]) / both for one, other in zip(*of, strict=True))
    return _on_screen(to_srgb(space, (one, two, three)), alpha / (first + second or 1) * whole)


def _shares(first: float | None, second: float | None) -> tuple[float, float]:
    if first is None:
        first = 0.5 if second is None else 1 - second
    return first, 1 - first if second is None else second


def shade_of(colour: str) -> Shade:
    """Return the numbers of a colour that ``read`` returned."""
    if colour == TRANSPARENT:
        return 0.0, 0.0, 0.0, 0.0
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue, int(colour[6:8] or "ff", 16) / 255


def spelled(shade: Shade) -> str:
    """Return a colour as ``read`` does."""
    digits = "".join(f"{round(one * 255):02x}" for one in shade)
    return TRANSPARENT if shade[3] < _UNSEEN else digits if shade[3] < _SOLID else digits[:6]


@lru_cache(maxsize=4096)
def over(colour: str, behind: str) -> str:
    """Return what is seen of a colour before another; ``image`` where that is one and shines through."""
    if colour == TRANSPARENT or len(colour) == len("image"):
        return behind if colour == TRANSPARENT else colour
    if len(colour) == len("ffffff") or len(behind) != len("ffffff"):
        return colour[:6] if len(colour) == len("ffffff") else behind
    shade, below = shade_of(colour), shade_of(behind)
    mixed = [one * shade[3] + two * (1 - shade[3]) for one, two in zip(shade[:3], below[:3], strict=True)]
    return spelled((mixed[0], mixed[1], mixed[2], 1.0))


def painted(style: Mapping[str, str], own: str) -> str:
    """Return what a box paints behind its words: a colour, ``transparent``, or ``image`` where nobody can tell."""
    if _BACKGROUNDS.isdisjoint(style):
        return TRANSPARENT
    shorthand, image = style.get("background", ""), style.get("background-image", "")
    layers = cut(shorthand) if shorthand else []
    below = read(style.get("background-color") or _colour_in(layers[-1] if layers else "", own), TRANSPARENT, own)
    for layer in reversed(cut(image) if image else layers):
        if "gradient(" in layer:
            below = over(_flat(layer, own), below)
        elif _ADDRESS.search(layer):
            below = "image"
    return below


def _colour_in(layer: str, own: str) -> str:
    """Return the colour that the last layer of a background names among its places and addresses."""
    for word in _PIECE.findall(_GRADIENT.sub(" ", layer)):
        if not word.startswith("url") and read(word, "", own):
            return str(word)
    return ""


def _flat(written: str, own: str) -> str:
    """Return the one colour of a gradient between like colours; ``image`` for any other."""
    gradient = _GRADIENT.search(written)
    words = [_PIECE.findall(stop) for stop in cut(gradient["stops"])] if gradient else []
    stops = [found for stop in words for word in stop if (found := read(word, "", own))]
    alike = stops and all(
        (stop == TRANSPARENT) is (stops[0] == TRANSPARENT) and look_alike(stop, stops[0]) for stop in stops
    )
    return stops[0] if alike else "image"


@lru_cache(maxsize=4096)
def look_alike(colour: str, background: str) -> bool:
    """Tell whether text of that colour cannot be told from its background."""
    if colour == TRANSPARENT:
        return True
    if len(background) < len("ffffff") or len(colour) < len("ffffff"):
        return False
    colour = over(colour, background[:6])
    channels = ((int(colour[at : at + 2], 16), int(background[at : at + 2], 16)) for at in (0, 2, 4))
    return sum(abs(one - other) for one, other in channels) <= _NEAR
