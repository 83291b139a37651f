"""What the tests of access share."""

import random
from datetime import UTC, datetime

from gatepost.ids import TenantId
from gatepost.mail.address import Address

A, B = TenantId("tn_a"), TenantId("tn_b")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGENT = Address.parse("Agent@alpha.test")
OFFICER = Address.parse("officer@people.test")
SEEDED = random.Random(2).randbytes
