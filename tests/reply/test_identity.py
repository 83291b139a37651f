from dataclasses import replace

import pytest

from gatepost.ids import EmailId, KeyId
from gatepost.reply.identity import digest_of, identity_of
from gatepost.reply.paper import Said, Voice
from outbound import ACCOUNT, KEPT, TENANT

SAID = Said(tenant=TENANT, account=ACCOUNT, submitter=KeyId("ky_a"), parent=KEPT.id, voice=Voice.REPLY, text="Yes.")


def test_saying_it_twice_is_saying_it_once_whoever_says_it() -> None:
    assert identity_of(SAID) == identity_of(replace(SAID, submitter=KeyId("ky_b")))


@pytest.mark.parametrize(
    "other",
    [
        replace(SAID, text="Yes!"),
        replace(SAID, voice=Voice.BOUNCE),
        replace(SAID, parent=EmailId("em_other")),
        replace(SAID, idempotency_key="k"),
    ],
)
def test_another_text_voice_or_message_is_another_mail(other: Said) -> None:
    assert identity_of(SAID) != identity_of(other)


def test_the_callers_own_key_stands_for_the_text() -> None:
    keyed = replace(SAID, idempotency_key="k")
    assert identity_of(keyed) == identity_of(replace(keyed, text="another"))
    assert identity_of(keyed) != identity_of(replace(keyed, idempotency_key="l"))
    assert identity_of(keyed) != identity_of(replace(keyed, parent=EmailId("em_other")))


def test_a_text_that_spells_a_key_is_not_that_key() -> None:
    assert identity_of(replace(SAID, text="k")) != identity_of(replace(SAID, idempotency_key="k"))


def test_half_a_character_is_no_accident() -> None:
    assert identity_of(replace(SAID, text="\ud800", idempotency_key="\ud800"))


def test_a_key_stands_for_one_text() -> None:
    keyed = replace(SAID, idempotency_key="k")
    assert digest_of(keyed) == digest_of(SAID) != digest_of(replace(keyed, text="another"))
