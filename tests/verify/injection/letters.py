"""The messages of the blind sets, each from its row: a text, a wrapped payload, files, parts."""

import base64
import codecs
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import quote

from verify.injection.smuggle import message

_WRAPPINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.encodebytes(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "leet": lambda text: text.translate(str.maketrans("aeiost", "431057")),
    "spaced": lambda text: "  ".join(" ".join(word) for word in text.split()),
    "reversed": lambda text: text[::-1],
    "percent": lambda text: quote(text, safe=""),
}


def letter(row: dict[str, Any]) -> bytes:
    """Return the message a row describes."""
    if "technique" in row:
        return message(row["technique"], row["subject"], row["carrier"], row["payload"])
    text = row.get("html") or row["body"]
    if "wrapping" in row:
        text = text.replace("{}", _WRAPPINGS[row["wrapping"]](row["payload"]))
    whole = EmailMessage(policy=SMTP)
    whole["From"] = "Kim Doyle <kim@partner.example>"
    whole["To"] = "agent@gatepost.example"
    whole["Subject"] = row["subject"]
    whole.set_content(text, subtype="html" if text.startswith("<html") or "html" in row else "plain", charset="utf-8")
    for number, part in enumerate(row.get("parts", ()), 1):
        whole.add_attachment(part, filename=f"note-{number}.txt")
    if "attached" in row:
        name, kind, held = row["attached"]
        whole.add_attachment(held.encode(), *kind.split("/"), filename=name)
    return whole.as_bytes()
