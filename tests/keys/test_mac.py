import hmac

from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys.mac import Mac


def test_rfc_4231_test_case_2() -> None:
    tag = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert Mac(b"Jefe")(b"what do ya want for nothing?").hex() == tag


@given(st.binary(min_size=1, max_size=100), st.binary(max_size=100), st.lists(st.binary(max_size=100), max_size=5))
def test_every_tag_is_hmacs(key: bytes, begins: bytes, rests: list[bytes]) -> None:
    mac = Mac(key)
    assert mac.each(begins, rests) == [hmac.digest(key, begins + rest, "sha256") for rest in rests]
    assert [mac(begins + rest) for rest in rests] == mac.each(begins, rests)  # the first left nothing behind
