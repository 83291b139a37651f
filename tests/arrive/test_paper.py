from arrive.loopback import NOW
from arrive.playbook import AGENT, LOOPBACK, POSTMASTER
from gatepost.arrive.paper import Arrived, Direction, Door, Peer
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, BlobId, EmailId, KeyId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

ANN, BOB = Address("ann", "ours.example"), Address("bob", "client.example")


def by_smtp(destination: Destination) -> Arrived:
    return Arrived.by_smtp(
        email=EmailId("em_a"),
        destination=destination,
        envelope=Envelope(BOB, (ANN,)),
        peer=Peer(LOOPBACK, "client.example", None),
        raw=b"",
        blob=BlobId("00"),
        received_at=NOW,
    )


def submitted(*, is_notice: bool) -> Arrived:
    return Arrived.by_submission(
        email=EmailId("em_b"),
        tenant=TenantId("tn_a"),
        account=AccountId(1),
        author=ANN,
        recipient=BOB,
        is_notice=is_notice,
        submitter=KeyId("ky_a"),
        in_reply_to=EmailId("em_a"),
        identity="once",
        raw=b"",
        blob=BlobId("00"),
        received_at=NOW,
    )


def test_mail_from_a_stranger_is_inbound_and_nobody_submitted_it() -> None:
    arrived = by_smtp(AGENT)
    assert (arrived.direction, arrived.door, arrived.submitter) == (Direction.INBOUND, Door.SMTP, None)
    assert (arrived.tenant, arrived.account, arrived.is_postmaster) == (AGENT.tenant, AGENT.account, False)


def test_the_postmasters_mail_is_marked() -> None:
    assert by_smtp(POSTMASTER).is_postmaster


def test_a_submission_is_outbound_and_names_its_key() -> None:
    arrived = submitted(is_notice=False)
    assert (arrived.direction, arrived.submitter, arrived.peer) == (Direction.OUTBOUND, "ky_a", None)
    assert arrived.envelope == Envelope(ANN, (BOB,))


def test_a_notice_travels_under_the_null_reverse_path() -> None:
    assert submitted(is_notice=True).envelope.mail_from is None
