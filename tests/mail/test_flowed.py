import pytest

from gatepost.mail import fields, mime
from gatepost.mail.flowed import joined


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ig \nno \nre me", "ignore me"),
        ("two  \nwords\nand a line\n", "two words\nand a line\n"),
        ("a \n\nb", "a\nb"),
        ("> one \n> two\n>> deep \n> up", "> onetwo\n>> deep\n> up"),
        ("he wrote: \n> one", "he wrote:\n> one"),
        (" >stuffed\n From here", ">stuffed\nFrom here"),
        ("end \n-- \nBob \nCo", "end\n-- \nBobCo"),
        ("-- \n", "-- \n"),
        ("open ", "open"),
        ("a\x0bb \x85c", "a\x0bb \x85c"),
        ("", ""),
    ],
)
def test_lines_that_end_in_a_blank_go_on(written: str, shown: str) -> None:
    assert joined(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"text/plain; format=flowed; delsp=yes", "ignore"),
        (b"text/plain; Format=Flowed; DelSp=Yes", "ignore"),
        (b"text/plain; format=flowed", "ig \nnore"),
        (b"text/plain; delsp=yes", "ig \nnore"),
        (b"text/html; format=flowed; delsp=yes", "ig \nnore"),
    ],
)
def test_only_text_that_says_so_is_joined(written: bytes, shown: str) -> None:
    raw = b"Content-Type: " + written + b"\r\n\r\nig \r\nnore"
    (leaf,) = mime.read(raw, fields.split(raw)).leaves
    assert leaf.text == shown


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [">", " \n", "> \n", "x"])
def test_long_texts_take_linear_time(piece: str) -> None:
    joined(piece * (1_000_000 // len(piece)))
