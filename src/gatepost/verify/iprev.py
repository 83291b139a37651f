"""iprev (RFC 8601 section 2.7.3): do the client's reverse names lead back to it?"""

from gatepost.dns.paper import RdType, Status
from gatepost.verify.answers import Answers
from gatepost.verify.paper import IprevVerdict, Result
from gatepost.verify.spf import IpAddress, address_type, holds

MAX_NAMES = 10
"""Reverse names followed (RFC 8601 section 2.7.3 leaves it open; RFC 7208 section 4.6.4 has ten)."""


def check(known: Answers, address: IpAddress) -> IprevVerdict:
    """Look the address up, and the names found back.

    permerror: no reverse name is published; fail: none of them leads back; temperror: DNS failed where it could matter.
    """
    reverse = known.get(address.reverse_pointer, RdType.PTR)
    if reverse.status is Status.TEMPERROR:
        return IprevVerdict(Result.TEMPERROR, str(address))
    if not reverse.records:
        return IprevVerdict(Result.PERMERROR, str(address))
    names = reverse.records[:MAX_NAMES]
    answers = known.all(names, address_type(address))
    for name, answer in zip(names, answers, strict=True):
        if holds(answer.records, address):
            return IprevVerdict(Result.PASS, str(address), name)
    has_failed = any(answer.status is Status.TEMPERROR for answer in answers)
    return IprevVerdict(Result.TEMPERROR if has_failed else Result.FAIL, str(address))
