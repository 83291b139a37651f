import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from act.scene import happened
from gatepost.act.webhook import Signers, headers, payload, standard_secret
from gatepost_client import SignatureError, verify
from gatepost_client.webhook import Headers
from outbound import KEPT, NOW

SECRET, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
BODY = payload(happened(), KEPT)
SENT = headers(BODY, event=happened(), signers=Signers((OTHER, SECRET), bytes(32)), at=NOW)
AT = NOW.timestamp()


@pytest.mark.parametrize("secrets", [SECRET, OTHER, standard_secret(SECRET), ["00" * 32, SECRET]])
def test_what_the_house_signed_is_read(secrets: str | list[str]) -> None:
    event = verify(BODY, {name.title(): value for name, value in SENT.items()}, secrets, now=AT)
    assert (event.id, event.type, event.message_id) == (happened().id, "email.received", KEPT.id)
    assert event.data["subject"] == KEPT.subject


@pytest.mark.parametrize(
    ("body", "changes", "secret", "now"),
    [
        (BODY + b" ", {}, SECRET, AT),
        (BODY, {"webhook-id": "ev_other"}, SECRET, AT),
        (BODY, {"webhook-timestamp": str(int(AT) + 1)}, SECRET, AT),
        (BODY, {}, "00" * 32, AT),
        (BODY, {}, SECRET, AT + 301),
        (BODY, {}, SECRET, AT - 301),
        (BODY, {"webhook-signature": ""}, SECRET, AT),
        (BODY, {"webhook-timestamp": "now"}, SECRET, AT),
        (BODY, {"webhook-signature": "v1,\u00e9\ud800"}, SECRET, AT),
        (BODY, {"webhook-id": "\ud800"}, SECRET, AT),
    ],
)
def test_anything_else_is_dropped(body: bytes, changes: dict[str, str], secret: str, now: float) -> None:
    with pytest.raises(SignatureError):
        verify(body, {**SENT, **changes}, secret, now=now)


@pytest.mark.parametrize("secrets", ["", "whsec_", " \n", "00" * 23, "whsec_***", "nonsense", [], [SECRET, ""]])
def test_a_secret_that_is_none_is_loud_though_somebody_signed_with_it(secrets: str | list[str]) -> None:
    signature = base64.b64encode(hmac.digest(b"", b"ev_x.%d." % AT + BODY, "sha256")).decode()
    forged = {"webhook-id": "ev_x", "webhook-timestamp": str(int(AT)), "webhook-signature": f"v1,{signature}"}
    with pytest.raises(ValueError, match="secret"):
        verify(BODY, forged, secrets, now=AT)


@pytest.mark.parametrize("secret", [SECRET + "\n", standard_secret(SECRET) + "\n"])
def test_fields_are_taken_as_frameworks_hand_them_on(secret: str) -> None:
    octets = [(name.encode(), value.encode()) for name, value in SENT.items()]
    forms: list[Headers] = [SENT, list(SENT.items()), octets, dict(octets)]
    assert [verify(BODY, each, secret, now=AT).id for each in forms] == [happened().id] * 4


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()), st.binary()
)
def test_a_strangers_words_are_a_typed_error(fields: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(body, fields, SECRET, now=AT)
