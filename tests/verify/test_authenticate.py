from gatepost.mail.fields import Header
from gatepost.verify import authenticate, check
from gatepost.verify.authenticate import authenticate_beside
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import Body
from gatepost.verify.stages import Stages
from verify.arrivals import PEER, PLAIN, arrival, keys, sign
from zones import Zone, ZoneResolver

ZONE: Zone = {
    **keys(),
    "corp.example": {"TXT": [f"v=spf1 ip4:{PEER} -all"]},
    "_dmarc.corp.example": {"TXT": ["v=DMARC1; p=reject"]},
}


async def test_who_sent_it_is_the_same_with_and_without_what_it_says() -> None:
    for raw in (sign(PLAIN), PLAIN, b"", sign(PLAIN).replace(b"numbers", b"millions")):
        for zone in (ZONE, {}, {"corp.example": {"FAIL": []}}):
            found = await authenticate(arrival(raw), ZoneResolver(zone))
            evidence = (await check(arrival(raw), ZoneResolver(zone))).evidence
            assert (found.host.spf, found.host.helo, found.host.iprev) == (evidence.spf, evidence.helo, evidence.iprev)
            assert (found.dkim, found.arc, found.dmarc) == (evidence.dkim, evidence.arc, evidence.dmarc)
            assert (found.alignment.holds, found.is_unsettled) == (evidence.is_aligned, evidence.is_unsettled)
            assert (found.author.address, found.author.problem) == (evidence.author, evidence.author_problem)


async def test_an_honest_mail_is_proven() -> None:
    found = await authenticate(arrival(sign(PLAIN)), ZoneResolver(ZONE))
    assert (found.host.spf.result, found.dkim[0].result, found.dmarc.result) == (Result.PASS,) * 3
    assert found.dkim[0].is_aligned


async def test_whatever_else_is_read_is_read_with_the_same_octets() -> None:
    def size(raw: bytes, header: Header, body: Body) -> Stages[tuple[int, int]]:
        yield
        return len(raw), len(raw) - len(body.octets) if body.octets == raw[header.body_start :] else 0

    raw = sign(PLAIN)
    for mail in (raw, raw + b"x" * 100_000):
        _, found = await authenticate_beside(arrival(mail), ZoneResolver(ZONE), size)
        assert found == (len(mail), len(raw) - len(PLAIN.partition(b"\r\n\r\n")[2]))
