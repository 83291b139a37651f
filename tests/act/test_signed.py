from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from gatepost.act.signed import Seal, fits
from gatepost.act.webhook import Signers, standard_secret
from outbound import NOW

OLD, NEW = "11" * 32, "22" * 32
SIGNERS = Signers((OLD, NEW))
BODY = b'{"tokens": 7}'


def seal(secret: str = NEW, body: bytes = BODY) -> Seal:
    stamp = str(int(NOW.timestamp()))
    return Seal("ur_1", stamp, Webhook(standard_secret(secret)).sign("ur_1", NOW, body.decode()))


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_any_secret_in_force_signs(secret: str) -> None:
    assert fits(seal(secret), BODY, SIGNERS, NOW)


def test_other_octets_another_secret_or_another_time_do_not_fit() -> None:
    assert not fits(seal(), BODY + b" ", SIGNERS, NOW)
    assert not fits(seal("33" * 32), BODY, SIGNERS, NOW)
    assert not fits(seal(), BODY, SIGNERS, NOW + timedelta(minutes=6))
    assert not fits(seal(), BODY, SIGNERS, NOW - timedelta(minutes=6))


WRONG = [("", "1", "v1,x"), ("a b", "1", "v1,x"), ("a", "x", "v1,x"), ("a", "9" * 12, "\u00e9 v1,")]


@pytest.mark.parametrize("wrong", [Seal(*each) for each in WRONG])
def test_what_is_no_seal_fits_nothing(wrong: Seal) -> None:
    assert not fits(wrong, BODY, SIGNERS, NOW)
