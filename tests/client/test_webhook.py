import pytest
from hypothesis import given
from hypothesis import strategies as st

from act.scene import happened
from gatepost.act.webhook import Signers, headers, payload, standard_secret
from gatepost_client import SignatureError, verify
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
        (BODY, {}, "whsec_***", AT),
        (BODY, {}, "nonsense", AT),
    ],
)
def test_anything_else_is_dropped(body: bytes, changes: dict[str, str], secret: str, now: float) -> None:
    with pytest.raises(SignatureError):
        verify(body, {**SENT, **changes}, secret, now=now)


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()), st.binary()
)
def test_a_strangers_words_are_a_typed_error(fields: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(body, fields, SECRET, now=AT)
