import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import leaf_hash, root
from gatepost.ledger.note import SigningKey, VerifierKey
from vector_files import document

GOLDEN = document("merkle/golden.json")
KEY = SigningKey(GOLDEN["origin"], bytes.fromhex(GOLDEN["log_seed"]))
TREE = Checkpoint(GOLDEN["origin"], 8, root([leaf_hash(bytes.fromhex(leaf)) for leaf in GOLDEN["leaves"]]))


def test_the_golden_checkpoint_comes_out_to_the_last_octet() -> None:
    origin, line, signature = GOLDEN["origin"], GOLDEN["root_line"], GOLDEN["signature"]
    assert TREE.signed(KEY).decode() == f"{origin}\n8\n{line}\n\n\N{EM DASH} {origin} {signature}\n"


def test_a_cosigned_checkpoint_is_read_under_the_logs_key() -> None:
    note = TREE.signed(KEY) + f"\N{EM DASH} witness.example/w1 {GOLDEN['cosignature']}\n".encode()
    assert Checkpoint.open(note, VerifierKey.parse(GOLDEN["vkey"])) == TREE


@given(
    st.integers(0, 2**62), st.binary(min_size=32, max_size=32), st.lists(st.from_regex(r"[a-z ]{1,9}", fullmatch=True))
)
def test_a_signed_checkpoint_reads_back(size: int, tree_root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(GOLDEN["origin"], size, tree_root, tuple(extensions))
    assert Checkpoint.open(checkpoint.signed(KEY), KEY.verifier) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n8\n",
        f"log\n08\n{GOLDEN['root_line']}\n",
        f"log\n-1\n{GOLDEN['root_line']}\n",
        f"log\n\u0668\n{GOLDEN['root_line']}\n",
        f"log\n{'9' * 20}\n{GOLDEN['root_line']}\n",
        f"\n8\n{GOLDEN['root_line']}\n",
        "log\n8\nAAAA\n",
        "log\n8\n????\n",
        f"log\n8\n{GOLDEN['root_line']}",
        f"log\n8\n{GOLDEN['root_line']}\n\nextension\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(LedgerError):
        Checkpoint.parse(text)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = Checkpoint("other.example", 8, TREE.root).signed(KEY)
    with pytest.raises(LedgerError, match="another log"):
        Checkpoint.open(note, KEY.verifier)


def test_a_checkpoint_only_somebody_else_signed_is_refused() -> None:
    other = SigningKey("other.example", bytes(32))
    with pytest.raises(LedgerError, match="own key"):
        Checkpoint.open(TREE.signed(other), KEY.verifier, others=[other.verifier])
