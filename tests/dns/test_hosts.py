import pytest

from gatepost.dns import addresses_of, hosts_in, servers_in
from zones import ZoneResolver

HOSTS = """
127.0.0.1  localhost
::1        localhost ip6-localhost   # both
10.0.0.5   db DB.inside
not-an-address  name
fe80::1
"""


def test_the_machines_own_list_is_read() -> None:
    found = hosts_in(HOSTS)
    assert found["localhost"] == ("127.0.0.1", "::1")
    assert found["db.inside"] == ("10.0.0.5",)
    assert "name" not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nameserver 9.9.9.9\n", ("9.9.9.9:53",)),
        ("# nameserver 1.1.1.1\nsearch a\nnameserver ::1\nnameserver 9.9.9.9\noptions x", ("[::1]:53", "9.9.9.9:53")),
        ("nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4", None),
        ("", ("127.0.0.1:53",)),
        ("nameserver\nnameserver ns.example\n", ("127.0.0.1:53",)),
    ],
)
def test_the_machines_name_servers_are_read(text: str, expected: tuple[str, ...] | None) -> None:
    assert servers_in(text) == expected or (expected is None and len(servers_in(text)) == 3)


async def test_a_name_is_looked_up_here_first_and_then_in_dns() -> None:
    dns = ZoneResolver({"a.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}, "db": {"A": ["192.0.2.9"]}})
    assert await addresses_of("A.example.", dns, {}) == ["2001:db8::1", "192.0.2.1"]
    assert await addresses_of("db", dns, {"db": ("10.0.0.5",)}) == ("10.0.0.5",)
    assert await addresses_of("none.example", dns, {}) == []
