"""Elements of which a browser shows nothing by itself, whatever their styles say."""

from collections.abc import Mapping

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_drawing import NEVER_DRAWN

_NEVER_SHOWN = {
    "datalist": Technique.FORM_VALUE, "select": Technique.FORM_VALUE,
} | dict.fromkeys(
    ("template", "audio", "video", "canvas", "rp", "progress", "meter"), Technique.NOT_RENDERED
)  # fmt: skip


def unshown(tag: str, attributes: Mapping[str, str], *, is_drawn: bool) -> Technique | None:
    """Return by what an element hides its words; None where it shows them. ``is_drawn``: in a drawing or a formula."""
    is_gone = (
        (is_drawn and tag in NEVER_DRAWN)
        or (tag == "object" and attributes.get("data"))
        or (tag == "details" and "open" not in attributes)
    )
    return Technique.NOT_RENDERED if is_gone else _NEVER_SHOWN.get(tag)
