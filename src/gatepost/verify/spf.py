"""SPF (RFC 7208): may this host send under this name? ``check_host`` of section 4, over our resolver."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from gatepost.dns.paper import Answer, RdType, Status
from gatepost.verify import spf_macro, spf_record
from gatepost.verify.answers import Answers
from gatepost.verify.paper import Result, SpfVerdict
from gatepost.verify.spf_macro import Context, MacroError, Template
from gatepost.verify.spf_record import Mechanism, Record, SpfSyntaxError

MAX_LOOKUPS = 10
"""Terms that ask DNS (RFC 7208 section 4.6.4)."""
MAX_VOID_LOOKUPS = 2
"""Questions without an answer (same section)."""
MAX_NAMES = 10
"""Hosts of one MX answer; names of one PTR answer (same section)."""
MAX_LABEL = 63
MAX_EXPLANATION = 1_000
"""Characters of an explanation, as published and as spelled out (section 6.2 advises a limit)."""

IpAddress = IPv4Address | IPv6Address


class _Stopped(Exception):  # noqa: N818  # control flow of this module, never seen outside
    """The whole check ends here with this result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.value)
        self.result = result


@dataclass(slots=True)
class _Budget:
    """What one check may still ask; shared by every include and redirect."""

    lookups: int = 0
    voids: int = 0
    explanation: str = ""
    pointers: list[str] | None = None


def check(known: Answers, context: Context, *, identity: str) -> SpfVerdict:
    """Check one identity: ``context.domain`` says whether ``context.address`` may send for it.

    ``identity`` is ``mailfrom`` or ``helo``, for the verdict.
    """
    address = context.address
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        context = context._replace(address=address.ipv4_mapped)
    if context.domain.endswith("."):  # an empty label may stand at the end (section 4.3)
        context = context._replace(domain=context.domain[:-1])
    budget = _Budget()
    try:
        result = _check_host(known, context, budget)
    except _Stopped as stopped:
        result = stopped.result
    explanation = budget.explanation if result is Result.FAIL else ""
    return SpfVerdict(result, context.domain, identity, explanation)


@lru_cache(maxsize=4096)  # of names that an envelope or a record of bounded length gave
def is_domain(name: str) -> bool:
    """Tell whether SPF can be asked about the name at all (RFC 7208 section 4.3)."""
    labels = name.split(".")
    is_whole = len(labels) > 1 and all(0 < len(label) <= MAX_LABEL for label in labels)
    return is_whole and "[" not in name and name.isascii()


def _check_host(known: Answers, context: Context, budget: _Budget, *, is_included: bool = False) -> Result:
    if not is_domain(context.domain):
        return Result.NONE
    answer = known.get(context.domain, RdType.TXT)
    if answer.status is Status.TEMPERROR:
        raise _Stopped(Result.TEMPERROR)
    record = _select(answer.records)
    if record is None:
        return Result.NONE
    for mechanism in record.mechanisms:
        if _matches(known, context, budget, mechanism):
            if mechanism.qualifier is Result.FAIL and record.explanation is not None and not is_included:
                budget.explanation = _explain(known, context, budget, record.explanation)
            return mechanism.qualifier
    if record.redirect is None:
        return Result.NEUTRAL
    _count_lookup(budget)
    domain = _expand(known, context, budget, record.redirect)
    result = _check_host(known, context._replace(domain=domain), budget, is_included=is_included)
    return Result.PERMERROR if result is Result.NONE else result  # section 6.1


def _select(texts: tuple[str, ...]) -> Record | None:
    """Pick the one SPF record of an answer (RFC 7208 section 4.5)."""
    records = [text for text in texts if spf_record.is_spf(text)]
    if not records:
        return None
    if len(records) > 1:
        raise _Stopped(Result.PERMERROR)
    try:
        return spf_record.parse(records[0])
    except SpfSyntaxError:
        raise _Stopped(Result.PERMERROR) from None


def _count_lookup(budget: _Budget) -> None:
    budget.lookups += 1
    if budget.lookups > MAX_LOOKUPS:
        raise _Stopped(Result.PERMERROR)


def _count_void(budget: _Budget, answer: Answer) -> None:
    if answer.status in {Status.NXDOMAIN, Status.NODATA}:
        budget.voids += 1
        if budget.voids > MAX_VOID_LOOKUPS:
            raise _Stopped(Result.PERMERROR)


def _ask(known: Answers, budget: _Budget, name: str, rdtype: RdType) -> tuple[str, ...]:
    answer = known.get(name, rdtype)
    if answer.status is Status.TEMPERROR:
        raise _Stopped(Result.TEMPERROR)
    _count_void(budget, answer)
    return answer.records


def _expand(known: Answers, context: Context, budget: _Budget, template: Template | None) -> str:
    if template is None:
        return context.domain
    validated = _validated(known, context, budget) if template.needs("p") else "unknown"
    return spf_macro.expand_domain(template, context, validated)


def _matches(known: Answers, context: Context, budget: _Budget, mechanism: Mechanism) -> bool:
    if mechanism.name == "all" or mechanism.network is not None:
        return mechanism.network is None or context.address in mechanism.network
    _count_lookup(budget)
    return not _spells_beyond_ascii(mechanism.target, context) and _matches_names(known, context, budget, mechanism)


def _matches_names(known: Answers, context: Context, budget: _Budget, mechanism: Mechanism) -> bool:
    domain = _expand(known, context, budget, mechanism.target)
    match mechanism.name:
        case "include":
            return _includes(known, context, budget, domain)
        case "mx":
            return _matches_mx(known, context, budget, mechanism, domain)
        case "ptr":
            return any(_is_within(name, domain) for name in _pointers(known, context, budget))
        case "exists":
            return bool(_ask(known, budget, domain, RdType.A))
        case _:  # a
            records = _ask(known, budget, domain, address_type(context.address))
            return holds(records, context.address, mechanism.bits)


def _spells_beyond_ascii(target: Template | None, context: Context) -> bool:
    """Tell whether a term would spell a local part that no label can hold: it matches nothing (RFC 8616 section 4)."""
    return target is not None and not context.local.isascii() and (target.needs("l") or target.needs("s"))


def _includes(known: Answers, context: Context, budget: _Budget, domain: str) -> bool:
    """Evaluate an include (RFC 7208 section 5.2): only its pass matches, and it must have a record."""
    result = _check_host(known, context._replace(domain=domain), budget, is_included=True)
    if result in {Result.NONE, Result.PERMERROR}:
        raise _Stopped(Result.PERMERROR)
    return result is Result.PASS


def _matches_mx(known: Answers, context: Context, budget: _Budget, mechanism: Mechanism, domain: str) -> bool:
    exchanges = [record.partition(" ")[2] for record in _ask(known, budget, domain, RdType.MX)]
    if len(exchanges) > MAX_NAMES:
        raise _Stopped(Result.PERMERROR)
    rdtype = address_type(context.address)
    answers = known.all(exchanges, rdtype)
    for answer in answers:  # asked together, judged in order
        if answer.status is Status.TEMPERROR:
            raise _Stopped(Result.TEMPERROR)
        _count_void(budget, answer)
        if holds(answer.records, context.address, mechanism.bits):
            return True
    return False


def address_type(address: IpAddress) -> RdType:
    """Return the type of record that holds such an address."""
    return RdType.A if address.version == 4 else RdType.AAAA  # noqa: PLR2004  # IP versions


def holds(records: tuple[str, ...], address: IpAddress, bits: tuple[int, int] = (32, 128)) -> bool:
    """Tell whether one of the addresses lies in the network of ``address``; ``bits`` for IPv4 and for IPv6."""
    shift = 32 - bits[0] if address.version == 4 else 128 - bits[1]  # noqa: PLR2004  # IP versions
    wanted = int(address) >> shift
    for record in records:
        try:
            found = ipaddress.ip_address(record)
        except ValueError:
            continue
        if found.version == address.version and int(found) >> shift == wanted:
            return True
    return False


def _is_within(name: str, domain: str) -> bool:
    name, domain = name.lower(), domain.lower()
    return name == domain or name.endswith("." + domain)


def _pointers(known: Answers, context: Context, budget: _Budget) -> list[str]:
    """Return the validated names of the address (RFC 7208 section 5.5); failures are no names."""
    if budget.pointers is None:
        answer = known.get(context.address.reverse_pointer, RdType.PTR)
        _count_void(budget, answer)
        names = answer.records[:MAX_NAMES]
        rdtype = address_type(context.address)
        answers = known.all(names, rdtype)
        budget.pointers = [
            name for name, answer in zip(names, answers, strict=True) if holds(answer.records, context.address)
        ]
    return budget.pointers


def _validated(known: Answers, context: Context, budget: _Budget) -> str:
    """Return the ``p`` macro's value (RFC 7208 section 7.3): the domain itself, a name below it, or any."""
    names = _pointers(known, context, budget)
    within = [name for name in names if _is_within(name, context.domain)]
    exact = [name for name in within if name.lower() == context.domain.lower()]
    return next(iter(exact or within or names), "unknown")


def _explain(known: Answers, context: Context, budget: _Budget, template: Template) -> str:
    """Return the domain's own words for a fail (RFC 7208 section 6.2); any trouble means none."""
    try:
        domain = _expand(known, context, budget, template)
        answer = known.get(domain, RdType.TXT)
        if len(answer.records) != 1 or len(answer.records[0]) > MAX_EXPLANATION:
            return ""
        text = spf_macro.parse(answer.records[0], letters=spf_macro.EVERY_LETTER, may_have_space=True)
        validated = _validated(known, context, budget) if text.needs("p") else "unknown"
        return spf_macro.expand(text, context, validated)[:MAX_EXPLANATION]
    except (MacroError, _Stopped):
        return ""
