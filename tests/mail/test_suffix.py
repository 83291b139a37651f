import pytest

from gatepost.mail.suffix import is_name, organizational_domain, registrable


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("com", None),
        ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("a.b.nowhere-such-a-tld", "b.nowhere-such-a-tld"),
    ],
)
def test_the_registrable_domain_is_one_label_below_the_suffix(name: str, wanted: str | None) -> None:
    assert registrable(name) == wanted
    assert organizational_domain(name) == (wanted or name)


def test_files_do_not_end_as_names_do() -> None:
    assert all(map(is_name, ("a.com", "b.co.uk", "a.example")))
    assert not any(map(is_name, ("notes.txt", "node.js", "a.b")))
