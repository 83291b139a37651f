"""Characters nobody sees: taken out of the text and shown apart."""

import re

_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f"
_UNSEEN = re.compile(
    f"(?P<flag>{_FLAG})|(?P<tags>[\U000e0000-\U000e007f]+)"
    "|(?P<bits>[\U000e0100-\U000e01ef\ufe00-\ufe0e]{2,})"
    "|(?P<zero>[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb]+)"
)
_TAG_OFFSET = 0xE0000
_ASCII = range(0x20, 0x7F)
_SELECTORS = 0xE0100 - 16


def part(text: str) -> tuple[str, str]:
    """Return ``text`` without unseen characters, and what they spell.

    Tag characters spell ASCII (Unicode chapter 23.9), runs of variation selectors spell octets. Other invisible
    characters spell nothing and vanish. Flags written with tag characters stay, as do joiners, which scripts need.
    """
    if text.isascii():
        return text, ""
    spelt: list[str] = []

    def take(found: re.Match[str]) -> str:
        if found["flag"]:
            return found[0]
        if found["tags"]:
            spelt.append("".join(chr(ord(c) - _TAG_OFFSET) for c in found[0] if ord(c) - _TAG_OFFSET in _ASCII))
        elif found["bits"]:
            octets = bytes(ord(c) - (0xFE00 if ord(c) < _SELECTORS else _SELECTORS) for c in found[0])
            spelt.append(octets.decode("utf-8", "replace"))
        return ""

    clean = _UNSEEN.sub(take, text)
    return clean, "\n".join(word for word in spelt if word.strip())
