"""Colours as style sheets write them (CSS Color 4), so far as it takes to see that text has its background's."""

import colorsys
import re
from functools import lru_cache

MAX_CHARS = 100
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
_NAMES = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True)) | {TRANSPARENT: TRANSPARENT, "canvas": "ffffff"}
_NUMBER = r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})"
_FUNCTION = re.compile(
    rf"(?P<name>rgb|hsl)a?\(\s*(?P<one>{_NUMBER})(?P<unit>%|deg|)[\s,]+(?P<two>{_NUMBER})%?[\s,]+(?P<three>{_NUMBER})%?"
    rf"(?:\s*[,/]\s*(?P<alpha>{_NUMBER}%?))?\s*\)",
    re.ASCII,
)
_NEWER = re.compile(
    rf"(?P<name>color\(srgb|hwb\(|(?:ok)?lab\(|(?:ok)?lch\()\s*(?P<one>{_NUMBER}%?)(?:deg)?\s+(?P<two>{_NUMBER}%?)\s+"
    rf"(?P<three>{_NUMBER}%?)",
    re.ASCII,
)
_COLOURED = 0.02
_GRADIENT = re.compile(r"gradient\((?P<stops>(?:[^()]|\([^()]*\))*)\)")
_HEX = re.compile(r"#?([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})", re.ASCII)


@lru_cache(maxsize=4096)
def read(value: str, inherited: str) -> str:
    """Return six hex digits or ``transparent``; ``inherited`` where no colour is written."""
    value = value.strip().lower()[:MAX_CHARS]
    if value.startswith("light-dark("):
        value = value[len("light-dark(") :].partition(",")[0].strip()
    if value in _NAMES:
        return _NAMES[value]
    if found := _HEX.fullmatch(value):  # without # in old documents, as browsers read them (quirks mode)
        digits = found[1] if len(found[1]) > 4 else "".join(digit * 2 for digit in found[1])  # noqa: PLR2004  # rgba
        return TRANSPARENT if int(digits[6:] or "ff", 16) / 255 < _UNSEEN else digits[:6]
    written = _FUNCTION.match(value)
    if written is None:
        return _newer(value) or inherited
    alpha = written["alpha"] or "1"
    if float(alpha.rstrip("%")) / (100 if alpha.endswith("%") else 1) < _UNSEEN:
        return TRANSPARENT
    one, two, three = (float(written[name]) for name in ("one", "two", "three"))
    if written["name"] == "hsl":
        hue, lightness, saturation = one % 360 / 360, min(max(three, 0), 100) / 100, min(max(two, 0), 100) / 100
        channels = tuple(channel * 255 for channel in colorsys.hls_to_rgb(hue, lightness, saturation))
    else:
        channels = tuple(channel * (2.55 if written["unit"] == "%" else 1) for channel in (one, two, three))
    return "".join(f"{min(max(round(channel), 0), 255):02x}" for channel in channels)


def _newer(value: str) -> str:
    """Return the colours of CSS Color 4 that hide on a plain page: grey ones, and those spelled as ``color(srgb)``."""
    written = _NEWER.match(value)
    if written is None:
        return ""
    name = written["name"]
    one, two, three = (_share(written[which]) for which in ("one", "two", "three"))
    if name == "color(srgb":
        return "".join(f"{min(max(round(share * 255), 0), 255):02x}" for share in (one, two, three))
    if name == "hwb(":
        grey = two / (two + three) if two + three >= 1 else None
    elif name in {"lab(", "lch("}:
        grey = one / (100 if one > 1 else 1)
    else:
        grey = one
    if grey is None or (name != "hwb(" and abs(two) + abs(three) * (name.endswith("lab(")) > _COLOURED):
        return ""
    return f"{min(max(round(grey * 255), 0), 255):02x}" * 3


def _share(written: str) -> float:
    return float(written.rstrip("%")) / (100 if written.endswith("%") else 1)


def behind(style: dict[str, str], inherited: str, colour: str) -> str:
    """Return what lies behind: the colour, unless an image may cover it; the shorthand holds both."""
    shorthand, image = style.get("background", ""), style.get("background-image", "")
    found = read(style.get("background-color", ""), inherited)
    if "currentcolor" in (shorthand, style.get("background-color", "")):
        found = colour
    for word in _words(_GRADIENT.sub(" ", shorthand)) if shorthand else ():
        found = read(word, found)
    for written in (shorthand, image):
        if "gradient(" in written:
            return _flat(written)
        if "url(" in written:
            return "image"
    return inherited if found == TRANSPARENT else found


def _words(text: str) -> list[str]:
    return _FUNCTION.sub(lambda found: re.sub(r"\s*[\s,]\s*", ",", found[0]), text).split()


def _flat(written: str) -> str:
    """Return the one colour of a gradient between like colours; ``image`` for any other."""
    gradient = _GRADIENT.search(written)
    words = _words(gradient["stops"].replace(",", " , ")) if gradient and "(" not in gradient["stops"] else []
    stops = [one for one in (read(word, "") for word in words) if one]
    return stops[0] if stops and all(look_alike(stops[0], stop) for stop in stops[1:]) else "image"


@lru_cache(maxsize=4096)
def look_alike(colour: str, background: str) -> bool:
    """Tell whether text of that colour cannot be told from its background."""
    if colour == TRANSPARENT:
        return True
    if len(background) != len("ffffff"):
        return False
    channels = ((int(colour[at : at + 2], 16), int(background[at : at + 2], 16)) for at in (0, 2, 4))
    return sum(abs(one - other) for one, other in channels) <= _NEAR
