"""Messages with words smuggled into them: one way of writing for each technique of the corpus."""

import base64
from collections.abc import Callable
from email.header import Header

_LOOK_ALIKE = str.maketrans("aceiopsxy", "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443")
_STYLES = {
    "css-display-none": '<div style="margin:0;DISPLAY : none !important">{}</div>',
    "css-font-size-0": '<p>Hello<span style="font:0/0 serif">{}</span></p>',
    "css-white-on-white": '<div style="background:#fefefe"><font color="white">{}</font></div>',
    "css-opacity-0": '<div style="opacity:.00">{}</div>',
    "css-offscreen": '<div style="position:fixed;top:-500em">{}</div>',
    "css-class-hidden": "<style>td p.q7,.z{{visibility:hidden}}</style><table><tr><td><p class='a q7'>{}</p></table>",
    "html-hidden-attr": "<section hidden=until-found>{}</section>",
    "html-comment": "<!--\n{}\n-->",
    "html-alt-title": '<img src="https://pictures.example/1.png" width=1 alt="" title="{}">',
    "html-template-noscript": "<template><p>{}</p></template>",
}
"""Each holds the payload where ``{}`` stands."""


def message(technique: str, subject: str, carrier: str, payload: str) -> bytes:
    """Return a message that carries the payload by this technique."""
    if technique in _STYLES:
        return plain_message(subject, _page(carrier, _STYLES[technique].format(payload)), kind="text/html")
    return _WAYS[technique](subject, carrier, payload)


def plain_message(
    subject: str, body: str, *, kind: str = "text/plain", more: str = "", author: str = "Kim Doyle"
) -> bytes:
    """Return a message of one part."""
    return (
        f"From: {author} <kim@partner.example>\r\nTo: agent@gatepost.example\r\n"
        f"Subject: {subject if subject.isascii() else Header(subject, 'utf-8', maxlinelen=10_000).encode()}\r\n{more}"
        f"MIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    ).encode()


def _page(carrier: str, hidden: str) -> str:
    return f"<!doctype html><html><body><p>{carrier}</p>\r\n{hidden}\r\n<p>Kind regards<br>Kim</p></body></html>"


def _several(subject: str, *parts: str, before: str = "", after: str = "", kind: str = "mixed") -> bytes:
    inner = "".join(f"--=_b1\r\n{part}\r\n" for part in parts)
    return (
        f"From: Kim Doyle <kim@partner.example>\r\nTo: agent@gatepost.example\r\nSubject: {subject}\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="=_b1"\r\n\r\n'
        f"{before}\r\n{inner}--=_b1--\r\n{after}"
    ).encode()


def _text(carrier: str, kind: str = "plain") -> str:
    return f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{carrier}"


def _selectors(payload: str) -> str:
    return "".join(chr(0xFE00 + octet if octet < 16 else 0xE0100 + octet - 16) for octet in payload.encode())


def _bits(payload: str) -> str:
    return "".join(f"{octet:08b}" for octet in payload.encode()).replace("0", "\u200b").replace("1", "\u200d")


def _within(mark: str, payload: str) -> str:
    return mark.join(payload)


def _body(shape: Callable[[str], str]) -> Callable[[str, str, str], bytes]:
    return lambda subject, carrier, payload: plain_message(subject, f"{carrier}\r\n\r\n{shape(payload)}\r\n\r\nKim")


_WAYS: dict[str, Callable[[str, str, str], bytes]] = {
    "unicode-tags": _body(
        lambda text: "\U0001f3f4" + "".join(chr(0xE0000 + ord(sign)) for sign in text) + "\U000e007f"
    ),
    "zero-width-binary": _body(lambda text: "Best." + _bits(text)),
    "variation-selectors": _body(lambda text: "\u2764" + _selectors(text)),
    "bidi-override": _body(lambda text: f"\u202e{text[::-1]}\u202c"),
    "bidi-isolate-embed": _body(lambda text: f"\u2066\u202b{text}\u202c\u2069"),
    "homoglyph": _body(lambda text: text.translate(_LOOK_ALIKE)),
    "zero-width-split": _body(lambda text: _within("\u2060", text)),
    "soft-hyphen-split": _body(lambda text: _within("\u00ad", text)),
    "fullwidth": _body(
        lambda text: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else "\u3000" for sign in text)
    ),
    "html-entity-tags": lambda subject, carrier, payload: plain_message(
        subject, _page(carrier, "".join(f"&#x{0xE0000 + ord(sign):X};" for sign in payload)), kind="text/html"
    ),
    "plain-html-mismatch": lambda subject, carrier, payload: _several(
        subject, _text(f"{carrier}\r\n\r\n{payload}"), _text(_page(carrier, ""), "html"), kind="alternative"
    ),
    "header-x": lambda subject, carrier, payload: plain_message(
        subject, carrier, more=f"X-Campaign-Notes: {payload}\r\n"
    ),
    "from-display-name": lambda subject, carrier, payload: plain_message(subject, carrier, author=f'"{payload}"'),
    "subject-encoded-word": lambda subject, carrier, payload: plain_message(
        f"{subject} =?utf-8?b?{base64.b64encode(payload.encode()).decode()}?=", carrier
    ),
    "attachment-filename": lambda subject, carrier, payload: _several(
        subject,
        _text(carrier),
        f'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="{payload}"\r\n\r\n%PDF-1.4',
    ),
    "ics-description": lambda subject, carrier, payload: _several(
        subject,
        _text(carrier),
        "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1@partner.example\r\n"
        f"DTSTART:20261201T090000Z\r\nSUMMARY:{subject}\r\nDESCRIPTION:{payload}\r\nEND:VEVENT\r\nEND:VCALENDAR",
    ),
    "mime-preamble-epilogue": lambda subject, carrier, payload: _several(
        subject, _text(carrier), after=f"{payload}\r\n"
    ),
    "quoted-history": lambda subject, carrier, payload: plain_message(
        subject, f"{carrier}\r\n\r\nOn Mon, 2 Nov 2026 at 09:14, Facilities wrote:\r\n> Keys are ready.\r\n> {payload}"
    ),
    "base64-blob": lambda subject, carrier, payload: plain_message(
        subject, f"{carrier}\r\n\r\n{base64.encodebytes(payload.encode()).decode()}"
    ),
}
