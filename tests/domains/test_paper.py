from gatepost.domains import SigningKey


def test_a_signing_key_does_not_show_its_private_half() -> None:
    key = SigningKey("alpha.test", "gp2026r", "rsa-sha256", b"octets")
    assert "octets" not in repr(key)
