"""Who is asked to rule. The mails themselves: ``tests/journeys/test_hold.py``."""

import pytest

from gatepost.access import Person, Role
from gatepost.deliver import ask
from gatepost.ids import PersonId
from gatepost.mail.address import Address
from outbound import TENANT


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.APPROVER, True), (Role.AUDITOR, False)])
def test_owners_and_approvers_rule(role: Role, *, may: bool) -> None:
    assert ask.may_rule(Person(PersonId("pe_a"), TENANT, Address("a", "example.org"), role)) is may
