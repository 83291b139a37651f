"""Words in a tag: what a person sees only by pointing at it, and links that do not lead where they say."""

import re
from collections.abc import Mapping

from gatepost.verify.paper import Technique
from gatepost.verify.reading import web_address
from gatepost.verify.reading.characters import clean
from gatepost.verify.reading.domains import (
    is_same_site,
    looks_like_another,
    mail_domain_of,
    mentioned,
    shown_host,
)
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


def may_speak(attributes: Mapping[str, str]) -> bool:
    """Tell whether attributes may hold words that ``read`` notes."""
    for name, value in attributes.items():
        if value and (name in _TECHNIQUES or name == "value" or name.startswith("data-")):
            return True
    return False


def compare_link(text: str, target: str, start: int, end: int, marks: Marks, *, pictured: str = "") -> None:
    """Note a link that names another host than it leads to, and a host that only looks like another.

    Hosts are the same in one registered domain. A text that is nothing but an address promises more than a name among
    words: newsletters lead past a counter of clicks. Where the address leads on to is not asked.

    Args:
        text: the link's.
        target: where it leads.
        start: where the link's tag begins.
        end: where it ends.
        marks: takes the spans.
        pictured: what stands in place of its pictures.
    """
    host, technique = web_address.host(target), Technique.MISMATCHED_LINK
    if not (host or (domain := mail_domain_of(target))):
        return
    shown = shown_host(text) if host else ""
    named = [shown] if shown else mentioned(f"{text} {pictured}", in_addresses=not host)
    if host and not shown:
        technique = Technique.MISMATCHED_MENTION
    host = host or domain
    if named and not any(is_same_site(one, host) for one in named):
        marks.add(technique, "html", start, end, f"{text.strip() or pictured.strip()} -> {target}")
    if looks_like_another(host):
        marks.add(Technique.HOMOGLYPH_DOMAIN, "html", start, end, host)
