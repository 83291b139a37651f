"""Words in a tag: what a person sees only by pointing at it, and links that do not lead where they say."""

import re

from gatepost.verify.paper import Technique
from gatepost.verify.reading.characters import clean
from gatepost.verify.reading.domains import host_of, looks_like_another, shown_host
from gatepost.verify.reading.html_scan import Start
from gatepost.verify.reading.marks import Marks

_TECHNIQUES = {
    "alt": Technique.ALT_TEXT, "title": Technique.TITLE_TEXT, "aria-label": Technique.LABEL_TEXT,
    "aria-description": Technique.LABEL_TEXT, "aria-roledescription": Technique.LABEL_TEXT,
    "aria-valuetext": Technique.LABEL_TEXT, "longdesc": Technique.LABEL_TEXT, "summary": Technique.LABEL_TEXT,
    "label": Technique.LABEL_TEXT, "placeholder": Technique.FORM_VALUE, "content": Technique.META,
    "srcdoc": Technique.NOT_RENDERED,
}  # fmt: skip
_TWO_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}+[^\w=;:/\-]++[^\W\d_]{2}")


def read(start: Start, offset: int, marks: Marks) -> None:
    """Note attributes that hold words, two or more."""
    at = offset + start.start
    for name, value in start.attributes.items():
        technique = _TECHNIQUES.get(name)
        if technique is None:
            if name == "value" and start.tag in {"input", "button", "option", "param", "data"}:
                technique = Technique.FORM_VALUE
            elif name.startswith("data-"):
                technique = Technique.LABEL_TEXT
            else:
                continue
        shown = clean(value, "html", at, marks, width=start.end - start.start)
        if _TWO_WORDS.search(shown):
            marks.add(technique, "html", at, offset + start.end, shown)


def compare_link(text: str, target: str, start: int, end: int, marks: Marks) -> None:
    """Note a link whose text names another host than it leads to, and a host that only looks like another."""
    host = host_of(target)
    if not host:
        return
    shown = shown_host(text)
    if shown and not _is_same_site(shown, host):
        marks.add(Technique.MISMATCHED_LINK, "html", start, end, f"{text.strip()} -> {target}")
    if looks_like_another(host):
        marks.add(Technique.HOMOGLYPH_DOMAIN, "html", start, end, host)


def _is_same_site(one: str, other: str) -> bool:
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
