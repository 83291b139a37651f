from ipaddress import ip_address
from pathlib import Path

import pytest

from gatepost.cli.frame import Refusal
from gatepost.cli.message import circumstances, read_message


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.eml").write_text("\n")
    with pytest.raises(Refusal, match="cannot be read"):
        read_message(str(tmp_path / "absent.eml"))
    with pytest.raises(Refusal, match="is empty"):
        read_message(str(tmp_path / "empty.eml"))
    (tmp_path / "m.eml").write_bytes(b"From: a@b.example\n\nhello\n")
    assert read_message(str(tmp_path / "m.eml")).startswith(b"From: ")


def test_how_it_came_is_read_from_options() -> None:
    came = circumstances("192.0.2.7", "mx.b.example", "<a@b.example>", ["agent@ours.example"])
    assert (came.client_ip, str(came.mail_from)) == (ip_address("192.0.2.7"), "a@b.example")
    assert circumstances("", "", "<>").mail_from is None
    with pytest.raises(Refusal, match="--client-ip"):
        circumstances("nonsense", "", "")
    with pytest.raises(Refusal, match="not an address"):
        circumstances("", "", "@")
