import pytest

from gatepost.decide import TENANT_WIDE, PolicyUnreadableError, Stored
from gatepost.ids import AccountId
from gatepost.workbench.live import compiled
from workbench.test_again import POLICY


def test_what_is_in_force_is_compiled_as_it_stands() -> None:
    assert compiled(None) is None
    own, above = (compiled(Stored(AccountId(each), 3, "", POLICY, [])) for each in (7, TENANT_WIDE))
    assert own is not None
    assert above is not None
    assert (own.version, own.is_tenant_wide, above.is_tenant_wide) == (3, False, True)


def test_what_this_release_cannot_read_is_said_so() -> None:
    with pytest.raises(PolicyUnreadableError):
        compiled(Stored(AccountId(7), 1, "", {"defaultAction": "later"}, []))
