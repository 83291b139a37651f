"""Octets made worse: everything follows from the chance that is handed in."""

import random
from collections.abc import Callable, Sequence

MAX_OCTETS = 200_000
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b"\xc3", b" ", b"\t", b"\r\n ", b"\r\n\r\n", b"--b", b"--",
    b"=?utf-8?q?=00?=", b"=?utf-8?b?AAAA?=", b"=?iso-2022-jp?b?GyRC?=", b"=?utf-7?q?+ADw-?=", b"(", b")", b"\\",
    b'"', b"<", b">", b";", b":", b"=", b"%", b"{", b"}", b"@", b",",
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"boundary=", b'boundary=""',
    b"Content-Type: message/rfc822\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"charset=utf-16", b"charset=utf-7", b"charset=idna", b"charset=hz", b"charset=unicode_escape",
    b"filename*0*=utf-8''%41", b"filename*99999=x", b"name*1=", b"begin 644 x\r\n", b"`\r\nend\r\n", b"i=1;",
    b"i=0;", b"i=51;", b"cv=none;", b"cv=fail;", b"l=0;", b"l=99999999999;", b"x=1;", b"t=18446744073709551616;",
    b"h=from:from;", b"b=;", b"bh=;", b"d=.;", b"s=a..b;", b"a=rsa-sha1;", b"c=/;", b"v=spf1 ", b"include:",
    b"redirect=", b"exp=", b"%{d9999r+}", b"%{p}", b"%{i}", b"ip6:::/129", b"ip4:1.2.3.4/33", b"a//", b"exists:%{L}",
    b"v=DMARC1;", b"p=", b"sp=", b"np=", b"psd=y;", b"t=y;", b"v=DKIM1;", b"k=", b"p=AAAA", b"n=\xe2\x80\xae",
    b"<div>", b"</div>", b"<!--", b"-->", b"<![CDATA[", b"<style>", b"</style>", b"a{display:none}", b"<svg><text>",
    b"<table><tr>", b"&#x110000;", b"&#0;", b"&nosuch;", b"&amp", b'style="', b"@media{", b"/*", b"<template>",
    b"<p hidden>", b"<base href=//x>", "\u202e".encode(), "\u200b".encode(), "\U000e0041".encode(),
    "\ufe0f".encode(), "ﷺ".encode(), "é".encode(), "ß".encode(), b"BEGIN:VEVENT\r\n", b"DESCRIPTION:", b"\\n",
    b"obj<<", b"stream\n", b"/Length -1", b"/Kids[2 0 R]", b"<w:t>", b"<row r='9'>",
)  # fmt: skip
"""What means something to one reader or another."""


def worse(octets: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Return the octets after one to six mutations; ``others`` are inputs to borrow from."""
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        octets = chance.choice(_WAYS)(octets, chance, others)[:MAX_OCTETS]
    return octets


def _span(octets: bytes, chance: random.Random, most: int) -> tuple[int, int]:
    at = chance.randrange(len(octets) + 1)
    return at, min(len(octets), at + chance.randrange(1, most))


def _drop(octets: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    low, high = _span(octets, chance, chance.choice((2, 20, 2000)))
    return octets[:low] + octets[high:]


def _put(octets: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(octets) + 1)
    return octets[:at] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 50)) + octets[at:]


def _flip(octets: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    changed = bytearray(octets)
    for _turn in range(chance.choice((1, 4, 40)) if octets else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _move(octets: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    low, high = _span(octets, chance, 400)
    at = chance.randrange(len(octets) + 1)
    return octets[:at] + octets[low:high] + octets[at:]


def _borrow(octets: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    low, high = _span(other, chance, 3000)
    at = chance.randrange(len(octets) + 1)
    return octets[:at] + other[low:high] + octets[at:]


def _swap_lines(octets: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    lines = octets.split(b"\r\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def _repeat(octets: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Repeat a slice or a token so often that quadratic time would show."""
    low, high = _span(octets, chance, 24)
    unit = (
        octets[low:high] if chance.random() < 0.5 else b"".join(chance.choices(TOKENS, k=chance.choice((1, 1, 2, 3))))
    )
    wanted = chance.choice((200, 5_000, 120_000))
    return octets[:high] + unit * (wanted // max(1, len(unit))) + octets[high:]


_WAYS: tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...] = (
    _drop, _put, _put, _put, _flip, _move, _borrow, _swap_lines, _repeat,
)  # fmt: skip
