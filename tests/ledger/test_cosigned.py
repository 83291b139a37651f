import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ledger.cosigned import by_ed25519, by_mldsa44
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import EMPTY_ROOT
from gatepost.ledger.note import encode_base64

TEXT = f"log.example\n8\n{encode_base64(EMPTY_ROOT)}\n".encode()


def test_ed25519_signs_time_and_text() -> None:
    assert by_ed25519(TEXT, 9) == b"cosignature/v1\ntime 9\n" + TEXT


def test_mldsa44_signs_names_time_and_tree_and_nothing_else() -> None:
    signed = by_mldsa44("w.example", TEXT, 9)
    assert signed == (
        b"subtree/v1\n\0\x09w.example" + bytes(7) + b"\x09" + b"\x0blog.example" + bytes(15) + b"\x08" + EMPTY_ROOT
    )
    assert by_mldsa44("w.example", TEXT + b"an extension\n", 9) == signed


@pytest.mark.parametrize(
    "text",
    [b"", b"a\n1\n", b"a\n01\nAAAA\n", b"a\n1\nAAAA\n", b"a\n1\n!\n", TEXT.replace(b"log", b"l" * 260), b"\xff\n\n\n"],
)
def test_what_is_no_checkpoint_is_refused(text: bytes) -> None:
    with pytest.raises(LedgerError):
        by_mldsa44("w.example", text, 9)


@given(st.text(), st.binary(), st.integers(0, 2**64 - 1))
def test_anything_else_is_signed_or_refused(cosigner: str, text: bytes, at_s: int) -> None:
    try:
        assert by_mldsa44(cosigner, text, at_s).startswith(b"subtree/v1")
    except LedgerError:
        return
