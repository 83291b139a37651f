import json
from datetime import timedelta

import pytest

from gatepost.ledger.note import SigningKey
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.guest import GuestError, state
from gatepost.trust.leaf import instant
from trust.scene import Scene

KEY = SigningKey("customer.example/probe", bytes(32))


def note(scene: Scene, age: timedelta = timedelta(hours=1), check: str = "tls.floor", outcome: str = "PASS") -> bytes:
    row = {"check_id": check, "door": "smtp", "outcome": outcome}
    return KEY.sign(json.dumps({"at": instant(scene.clock() - age), "checks": [row]}) + "\n")


async def test_what_a_customer_saw_is_stated_under_their_key(scene: Scene) -> None:
    entry = await state(scene.house, note(scene), str(KEY.verifier), CATALOGUE)
    async with scene.house.db.transaction(TRUST) as tx:
        (stated,) = await trust_log.stated(tx, [entry])
    assert stated.action == "outside.stated"
    assert stated.detail["outcomes"] == {"tls.floor smtp": "PASS"}
    assert stated.detail["key_id"] == KEY.verifier.key_id.hex()


async def test_what_is_not_theirs_or_not_of_these_days_is_refused(scene: Scene) -> None:
    other = str(SigningKey(KEY.name, bytes([1]) * 32).verifier)
    for octets, key in [
        (note(scene), other),
        (note(scene).replace(b"PASS", b"FAIL"), str(KEY.verifier)),
        (note(scene, age=timedelta(days=8)), str(KEY.verifier)),
        (note(scene, age=timedelta(days=-1)), str(KEY.verifier)),
        (note(scene, check="words of a stranger"), str(KEY.verifier)),
        (note(scene, outcome="GREAT"), str(KEY.verifier)),
        (KEY.sign("[]\n"), str(KEY.verifier)),
        (b"no note", str(KEY.verifier)),
        (note(scene), "no key"),
    ]:
        with pytest.raises(GuestError):
            await state(scene.house, octets, key, CATALOGUE)
