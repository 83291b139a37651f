import pytest

from gatepost.verify import dmarc
from gatepost.verify.answers import Answers
from gatepost.verify.paper import DmarcVerdict, Result
from zones import Zone, ZoneResolver


async def verdict(
    zone: Zone, *, domain: str = "sub.corp.example", dkim: tuple[str, ...] = (), spf: str | None = None
) -> tuple[DmarcVerdict, dmarc.Alignment]:
    known = Answers(ZoneResolver(zone))
    found = await known.settle(lambda: dmarc.discover(known, domain))
    alignment = await known.settle(lambda: dmarc.align(known, found, dkim_domains=dkim, spf_domain=spf))
    return dmarc.judge(found, alignment), alignment


def record(text: str, name: str = "corp.example") -> Zone:
    return {f"_dmarc.{name}": {"TXT": [f"v=DMARC1; {text}"]}}


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("p=reject", "reject"),
        ("p=reject; sp=none", "none"),
        ("p=reject; sp=none; np=quarantine", "quarantine"),
        ("p=Quarantine; T=y", "none"),
        ("p=reject; sp=bad", ""),
        ("p=reject; sp=bad; rua=mailto:a@b.example", "none"),
        ("p=bad; rua=mailto:a@b.example", "none"),
        ("rua=x", ""),
    ],
)
async def test_the_wish_in_force_for_a_missing_subdomain(text: str, policy: str) -> None:
    found, _ = await verdict(record(text))
    assert found.policy == policy
    assert found.result is (Result.FAIL if policy else Result.NONE)


async def test_np_is_for_names_that_do_not_exist() -> None:
    zone = {**record("p=reject; sp=none; np=quarantine"), "sub.corp.example": {"MX": ["10 mx.example"]}}
    assert (await verdict(zone))[0].policy == "none"


async def test_a_subdomain_with_a_policy_of_its_own_may_belong_to_somebody_else() -> None:
    zone = {**record("p=reject"), **record("p=reject; psd=n", "shop.corp.example")}
    found, alignment = await verdict(zone, dkim=("shop.corp.example",))
    assert found.result is Result.FAIL
    assert not alignment.holds


async def test_domains_without_dmarc_align_by_the_public_suffix_list() -> None:
    _, same = await verdict({}, domain="a.corp.co.uk", dkim=("b.corp.co.uk",))
    _, other = await verdict({}, domain="a.corp.co.uk", dkim=("b.other.co.uk",))
    assert same.holds
    assert not other.holds


async def test_a_failed_policy_lookup_leaves_only_the_same_name_settled() -> None:
    zone: Zone = {"_dmarc.corp.example": {"FAIL": []}}
    same, alignment = await verdict(zone, dkim=("sub.corp.example",))
    assert alignment.holds
    assert same.result is Result.TEMPERROR
    _, relative = await verdict(zone, spf="corp.example")
    assert not relative.holds
    assert relative.is_unsettled
    _, stranger = await verdict(zone, spf="other.example")
    assert not stranger.is_unsettled
