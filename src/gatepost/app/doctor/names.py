"""DNS: does a resolver answer, do our name and address agree, and is what each domain needs really published?"""

import asyncio
from ipaddress import ip_address

from gatepost import access, domains
from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.app.given import is_given
from gatepost.db import Database
from gatepost.dns import Answer, RdType, Resolver, Status
from gatepost.domains.paper import DnsRecord

AT_ONCE = 8
DEFAULT_HOSTNAME = "mail.gatepost.test"
RESERVED = frozenset({"test", "example", "invalid", "localhost"})
"""Top-level domains that nobody can own (RFC 6761 section 6)."""

_BEGINS = {"spf": "v=spf1", "dmarc": "v=dmarc1", "dkim": ""}


async def look(resolver: Resolver, hostname: str) -> list[Finding]:
    """Return how the world sees our own name."""
    asked = [await resolver.query(hostname, kind) for kind in (RdType.A, RdType.AAAA)]
    if all(answer.status is Status.TEMPERROR for answer in asked):
        return [
            failure(
                "dns.resolver",
                "no resolver answers: every mail would be put off with 451",
                "see /etc/resolv.conf or dns.servers; a resolver of your own on this machine is best",
            )
        ]
    found = [ok("dns.resolver", "a resolver answers")]
    if hostname == DEFAULT_HOSTNAME:
        return [
            *found,
            warning(
                "dns.hostname",
                f"hostname is still {hostname}, which nobody can look up",
                "set hostname to the name your MX records shall lead to",
            ),
        ]
    addresses = [address for answer in asked for address in answer.records]
    if not addresses:
        return [
            *found,
            failure(
                "dns.hostname",
                f"{hostname} has no address: no MX record can lead here",
                f"publish an A or AAAA record for {hostname}",
            ),
        ]
    found.append(ok("dns.hostname", f"{hostname} is {', '.join(addresses)}"))
    return [*found, *[await _reverse(resolver, hostname, address) for address in addresses]]


async def _reverse(resolver: Resolver, hostname: str, address: str) -> Finding:
    """Say whether an address leads back to our name: many receivers refuse mail from one that does not."""
    answer = await resolver.query(ip_address(address).reverse_pointer, RdType.PTR)
    names = [name.lower().rstrip(".") for name in answer.records]
    if hostname in names:
        return ok("dns.reverse", f"{address} leads back to {hostname}")
    said = f"leads to {', '.join(names)}" if names else "leads to no name"
    return warning(
        "dns.reverse",
        f"{address} {said}, not to {hostname}: many receivers refuse mail from it",
        f"ask whoever gave you {address} to set its PTR record to {hostname}",
    )


async def look_at_domains(db: Database, resolver: Resolver, hostname: str) -> list[Finding]:
    """Return, for each domain of each tenant, whether what it needs is published.

    A reserved name of which nothing is published is for trying out; all of those are one warning.
    """
    wanted: list[tuple[str, DnsRecord]] = []
    for tenant in await access.list_tenants(db):
        async with db.transaction(tenant.id) as tx:
            for domain in await domains.list_domains(tx):
                records = await domains.dns_records(tx, domain.name, hostname=hostname)
                wanted += [(domain.name, record) for record in records]
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(record: DnsRecord) -> Answer:
        async with gate:
            return await resolver.query(record.name.rstrip("."), RdType(record.rdtype))

    answers = await asyncio.gather(*(ask(record) for _, record in wanted))
    there = {domain for (domain, _), answer in zip(wanted, answers, strict=True) if not _is_nothing(answer)}
    trying = {domain for domain, _ in wanted if domain.rpartition(".")[2] in RESERVED} - there
    return [
        *([] if await is_given(db) else [_empty()]),
        *([_trying_out(trying)] if trying else []),
        *(
            _compare(domain, hostname, record, answer)
            for (domain, record), answer in zip(wanted, answers, strict=True)
            if domain not in trying
        ),
    ]


def _is_nothing(answer: Answer) -> bool:
    return answer.status is not Status.TEMPERROR and not answer.records


def _empty() -> Finding:
    return warning(
        "dns.domain",
        "nobody gave this house a domain: mail is answered 451 4.3.5 until somebody does",
        "gatepost domain add DOMAIN; where it had domains, its state folder or database is another one than before:"
        " bring that back and start again",
    )


def _trying_out(names: set[str]) -> Finding:
    return warning(
        "dns.reserved",
        f"names for trying out, to which only this machine can write: {', '.join(sorted(names))}",
        "to receive from the network, answer for a domain of your own: gatepost domain add DOMAIN",
    )


def _compare(domain: str, hostname: str, record: DnsRecord, answer: Answer) -> Finding:
    if answer.status is Status.TEMPERROR:
        step = "look again in a minute"
        return warning(f"dns.{_subject(record)}", f"nobody could say what {record.name} holds", step)
    step = f"publish what `gatepost domain records {domain}` prints"
    if record.rdtype == "MX":
        return _compare_mx(domain, hostname, answer, step)
    return _compare_text(domain, hostname, record, answer, step)


def _compare_text(domain: str, hostname: str, record: DnsRecord, answer: Answer, step: str) -> Finding:
    """Compare a text with what is published. One that says more than ours may be right: it is a warning."""
    subject = _subject(record)
    check, word = f"dns.{subject}", subject.upper()
    texts = [text for text in answer.records if text.lower().startswith(_BEGINS[subject])]
    if len(texts) != 1:
        count = f"{len(texts)} {word} records, and receivers use none" if texts else f"no {word} record"
        return failure(check, f"{domain} publishes {count}", step)
    if "".join(texts[0].split()) == "".join("".join(record.text.split('"')[1::2]).split()):  # blanks mean nothing
        return ok(check, f"{domain} publishes our {word} record")
    if subject == "dkim":
        return failure(check, f"{record.name} holds another key: our signatures fail", step)
    if subject == "spf" and f"a:{hostname}" not in texts[0].lower().split():
        return warning(check, f"{domain}'s SPF record does not name {hostname}: see that it covers us", step)
    return ok(check, f"{domain} publishes a {word} record of its own")


def _compare_mx(domain: str, hostname: str, answer: Answer, step: str) -> Finding:
    hosts = [text.split(" ", 1)[-1].lower().rstrip(".") for text in answer.records]
    if hosts == [hostname]:
        return ok("dns.mx", f"mail for {domain} comes here")
    if hostname in hosts:
        return warning(
            "dns.mx",
            f"mail for {domain} may also go to {', '.join(host for host in hosts if host != hostname)}",
            "remove the other MX records, or see that they bring their mail here",
        )
    return failure("dns.mx", f"mail for {domain} goes to {', '.join(hosts) or 'nobody'}, not here", step)


def _subject(record: DnsRecord) -> str:
    if record.rdtype == "MX":
        return "mx"
    if "._domainkey." in record.name:
        return "dkim"
    return "dmarc" if record.name.startswith("_dmarc.") else "spf"
