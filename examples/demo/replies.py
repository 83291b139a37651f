"""The replies the agent sent, as their receiver sees them: each must carry a signature that verifies in DNS."""

import email.message
import email.parser
import email.policy
from collections.abc import Iterable

import dkim
import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from sink import Caught

DNS_WAIT_S = 5


def check(caught: Iterable[Caught], *, expected: dict[str, str], agent: str, dns_port: int) -> list[str]:
    """Return what is wrong with the replies; ``expected`` maps each answered Message-ID to its author."""
    complaints: list[str] = []
    missing = dict(expected)
    for letter in caught:
        message = email.parser.BytesParser(policy=email.policy.default).parsebytes(letter.raw)
        answered = str(message["In-Reply-To"])
        if missing.pop(answered, None) is None:
            complaints.append(f"a reply nobody waits for, to {answered}")
            continue
        complaints += [f"reply to {answered}: {fault}" for fault in _faults(letter, message, agent, dns_port)]
        if letter.rcpt_to != (expected[answered],):
            complaints.append(f"reply to {answered} went to {', '.join(letter.rcpt_to)}")
    return complaints + [f"no reply to {answered}" for answered in missing]


def _faults(letter: Caught, message: email.message.Message, agent: str, dns_port: int) -> Iterable[str]:
    domain = agent.partition("@")[2]
    if agent not in str(message["From"]):
        yield f"is from {message['From']}, not from {agent}"
    signatures = message.get_all("DKIM-Signature", [])
    if not any(f"d={domain};" in "".join(str(signature).split()) for signature in signatures):
        yield f"has no signature of {domain}"

    def txt(name: bytes, timeout: int = DNS_WAIT_S) -> bytes | None:
        return _txt(name.decode(), dns_port, timeout)

    for at in range(len(signatures)):
        try:
            is_good = dkim.DKIM(letter.raw).verify(idx=at, dnsfunc=txt)
        except dkim.DKIMException as error:
            yield f"signature {at + 1} does not verify: {error}"
        else:
            if not is_good:
                yield f"signature {at + 1} does not verify"


def _txt(name: str, port: int, timeout_s: int) -> bytes | None:
    """Ask the demo's name server, as any receiver would."""
    query = dns.message.make_query(name, "TXT")
    try:
        answer, _ = dns.query.udp_with_fallback(query, "127.0.0.1", port=port, timeout=timeout_s)
    except dns.exception.DNSException:
        return None
    texts = [b"".join(rdata.strings) for found in answer.answer for rdata in found if found.rdtype == dns.rdatatype.TXT]
    return texts[0] if texts else None
