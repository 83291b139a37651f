from gatepost.arrive import reply
from gatepost.arrive.command import Bdat
from gatepost.arrive.content import Inspection
from gatepost.arrive.events import Nobody, NotYet, Unsettled
from gatepost.arrive.limits import Limits
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.transaction import Chunk, Transaction
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

TENANT = TenantId("tn_a")
HERE = Destination(TENANT, AccountId(1))
ALIKE = Destination(TENANT, AccountId(1))
ELSEWHERE = [
    Destination(TENANT, AccountId(2)),
    Destination(TenantId("tn_b"), AccountId(1)),
    Destination(TENANT, AccountId(1), is_postmaster=True),
]
ANN, BOB = Address("ann", "ours.example"), Address("bob", "ours.example")
LIMITS = Limits(size_max_octets=10)


def test_recipients_share_one_destination() -> None:
    transaction = Transaction(None, is_smtputf8=False)
    assert transaction.add(ANN, HERE) == (reply.RECIPIENT_OK, TENANT, None)
    for other in ELSEWHERE:
        assert transaction.add(BOB, other)[2] is Refusal.RECIPIENT_OTHER_POLICY
    assert transaction.add(BOB, ALIKE)[2] is None
    assert transaction.envelope == Envelope(None, (ANN, BOB))
    assert transaction.tenant == TENANT


def test_who_leads_nowhere_is_refused_for_what_it_is() -> None:
    transaction = Transaction(None, is_smtputf8=False)
    assert transaction.add(ANN, Nobody(TENANT)) == (reply.RECIPIENT_UNKNOWN, TENANT, Refusal.RECIPIENT_UNKNOWN)
    assert transaction.add(ANN, Nobody(None)) == (reply.RELAY_DENIED, None, Refusal.RELAY_DENIED)
    assert transaction.add(ANN, NotYet()) == (reply.NOT_YET, None, Refusal.HOUSE_EMPTY)
    assert transaction.add(ANN, Unsettled()) == (reply.TRY_AGAIN, None, Refusal.RECIPIENT_UNSETTLED)
    assert transaction.destination is None


def test_a_chunk_is_judged_before_its_first_octet() -> None:
    transaction = Transaction(None, is_smtputf8=False)
    chunk = Bdat(6, is_last=False)
    assert Chunk.of(chunk, None, LIMITS).failure == reply.BAD_SEQUENCE
    assert Chunk.of(chunk, transaction, LIMITS).failure == reply.NO_RECIPIENTS
    transaction.add(ANN, HERE)
    assert Chunk.of(chunk, transaction, LIMITS).failure is None
    transaction.inspection = Inspection(LIMITS)
    transaction.inspection.see(b"12345")
    assert Chunk.of(chunk, transaction, LIMITS).refusal is Refusal.SIZE_EXCEEDED
