"""Messages as examined: built from octets, read as the gate reads them."""

from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.injection import examine
from gatepost.verify.paper import Content, Injection


def read(body: str, *, subject: str = "Hello", subtype: str = "plain", header: str = "") -> Content:
    """Return one message as read."""
    head = (
        f"From: Alex <alex@partner.example>\r\nTo: agent@gatepost.example\r\nSubject: {subject}\r\n{header}"
        f"MIME-Version: 1.0\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    raw = (head + body).encode("utf-8", "surrogatepass")
    return content.read(raw, fields.split(raw))


def look(body: str, *, subject: str = "Hello", subtype: str = "plain", header: str = "") -> Injection:
    """Return what one message is said to try."""
    return examine(read(body, subject=subject, subtype=subtype, header=header))


def names(found: Injection) -> set[str]:
    """Return the names of the signals."""
    return {signal.name for signal in found.signals}
