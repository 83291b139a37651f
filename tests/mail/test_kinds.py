"""What kind of file an attachment is, by all that speaks for it."""

import struct

import pytest

from gatepost.mail.kinds import KINDS, Begins, File, begins

PROGRAM = b"MZ\x90\x00" + bytes(56) + struct.pack("<I", 64) + b"PE\0\0"
PDF = "application/pdf"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (PROGRAM, Begins.MZ),
        (b"\x7fELF\x02\x01", Begins.ELF),
        (b"\xcf\xfa\xed\xfe\x07", Begins.MACH_O),
        (b"\xca\xfe\xba\xbe\x00", Begins.MACH_O),
        (b"#!/bin/sh\n", Begins.SCRIPT),
        (b"\xef\xbb\xbf#! /usr/bin/env python3", Begins.SCRIPT),
        (b"%PDF-1.7\n", Begins.PDF),
        (b"\r\n%PDF-1.4", Begins.PDF),
        (b"PK\x03\x04\x14", Begins.ZIP),
        (b"PK\x05\x06", Begins.ZIP),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Begins.OLE),
        (b"\x89PNG\r\n\x1a\n", Begins.PNG),
        (b"\xff\xd8\xff\xe0", Begins.JPEG),
        (b"GIF89a", Begins.GIF),
        (b"MZ is how Mark signs his letters, all of them, and none of these is a program.", Begins.UNKNOWN),
        (b"#!important", Begins.UNKNOWN),
        (b"PKs", Begins.UNKNOWN),
        (b"", Begins.UNKNOWN),
    ],
)
def test_a_file_is_known_by_how_it_begins(octets: bytes, expected: Begins) -> None:
    assert begins(octets) is expected


@pytest.mark.parametrize(
    ("file", "types", "is_surely", "may_be"),
    [
        (File(PDF, "a.pdf", Begins.PDF), [PDF], True, True),
        (File(PDF, "", Begins.UNKNOWN), [PDF], True, True),
        (File(PDF.upper(), "A.PDF", Begins.PDF), [".pdf"], True, True),
        (File(PDF, "invoice.exe", Begins.UNKNOWN), [PDF], False, True),
        (File(PDF, "invoice.pdf", Begins.MZ), [PDF], False, True),
        (File(PDF, "invoice.pdf", Begins.ZIP), [PDF], False, True),
        (File(PDF, "invoice.pdf.js", Begins.UNKNOWN), [PDF], False, True),
        (File(PDF, "invoice.html", Begins.UNKNOWN), [PDF], False, True),
        (File("application/octet-stream", "a.pdf", Begins.PDF), [PDF], False, True),
        (File("application/octet-stream", "a.pdf", Begins.PDF), [PDF, ".pdf"], True, True),
        (File("application/octet-stream", "a", Begins.PDF), [PDF], False, True),
        (File(PDF, "invoice.pdf", Begins.MZ), [".exe"], False, True),
        (File(PDF, "invoice.exe", Begins.UNKNOWN), ["application/x-msdownload"], False, True),
        (File("application/x-dosexec", "a.txt", Begins.UNKNOWN), [".exe"], False, True),
        (File("text/plain", "a.EXE. ", Begins.UNKNOWN), [".exe"], True, True),
        (File("text/plain", "a\uff0eex\u200be", Begins.UNKNOWN), [".exe"], True, True),
        (File(PDF, "\u202efdp.exe", Begins.UNKNOWN), [".exe"], False, True),
        (File(PDF, "a.pdf", Begins.PDF), [".exe"], False, False),
        (File("application/x-unheard-of", "a.unheard", Begins.ZIP), [".jar"], False, False),
        (File("application/x-unheard-of", "a.unheard", Begins.ZIP), ["application/x-unheard-of"], True, True),
        (File("application/x-unheard-of", "a.unheard", Begins.MZ), ["application/x-unheard-of"], False, True),
        (File("application/msword", "a.docx", Begins.ZIP), ["application/msword"], True, True),
        (File("application/msword", "a.docm", Begins.ZIP), ["application/msword"], False, True),
        (File("image/png", "a.jpg", Begins.JPEG), ["image/*"], True, True),
        (File("image/png", "a.png", Begins.JPEG), ["image/png"], False, True),
        (File("text/csv", "a.csv", Begins.UNKNOWN), ["text/csv"], True, True),
        (File(PDF, "a.zip", Begins.ZIP), [PDF, ".zip"], True, True),
        (File("application/x-dosexec", "a.pdf", Begins.MZ), ["application/*"], True, True),
    ],
)
def test_a_file_is_surely_of_a_kind_if_nothing_speaks_against_it(
    file: File, types: list[str], *, is_surely: bool, may_be: bool
) -> None:
    assert (file.is_surely(types), file.may_be(types)) == (is_surely, may_be)


def test_each_type_and_each_end_is_of_one_kind() -> None:
    names = [name for kind in KINDS for name in (*kind.types, *kind.ends)]
    assert len(names) == len(set(names))
