import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from gatepost import trust
from gatepost.egress import Register
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import Outcome, deeds, release, store, terms
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.deeds import Deed, DeedError, DeedKind
from gatepost.trust.document import spelled
from gatepost.trust.paper import Finding
from gatepost.trust.release import Entered, Results
from trust.scene import Scene

MEMBERS = tuple(f"member {number}" for number in range(1, 7))
POLICY = "policies/information-security.md"


async def enter(scene: Scene, kind: DeedKind, about: str, **more: object) -> Deed:
    now = scene.clock()
    plain = Deed(kind=kind, about=about, by=MEMBERS[3], on=now.date(), at=now)
    return await deeds.enter(scene.house, scene.operator(), replace(plain, **more))  # type: ignore[arg-type]  # a test's


async def said(scene: Scene, check: str, **arguments: str) -> Finding:
    return await CATALOGUE[check].of_house(scene.world(scene.operator()), arguments)


async def test_training_is_proven_once_everybody_s_is_entered_and_ends_a_year_after_its_day(scene: Scene) -> None:
    for member in MEMBERS[1:]:
        await enter(scene, DeedKind.TRAINED, member)
    found = await said(scene, "staff.trained")
    assert (found.outcome, found.value) == (Outcome.ATTESTED, {"trained": 6, "by_log": 5})
    await enter(scene, DeedKind.TRAINED, MEMBERS[0], on=scene.clock().date() - timedelta(days=300))
    found = await said(scene, "staff.trained")
    assert found.outcome is Outcome.PASS
    assert found.until is not None
    assert found.until.date() == scene.clock().date() + timedelta(days=65)
    scene.clock.move(timedelta(days=66))
    assert (await said(scene, "staff.trained")).outcome is Outcome.FAIL


async def test_a_signature_is_of_the_policy_as_it_stands(scene: Scene) -> None:
    for member in MEMBERS:
        await enter(scene, DeedKind.SIGNED, member, by=member)
    assert (await said(scene, "staff.signed")).outcome is Outcome.PASS
    path = scene.folder / POLICY
    path.write_text(path.read_text() + "\nOne more rule.\n")
    assert (await said(scene, "staff.signed")).reason == "signature.outdated"


async def test_a_review_in_the_log_is_of_octets_and_stands_on_the_page(scene: Scene) -> None:
    await enter(scene, DeedKind.REVIEWED, "disclosure")
    assert (await said(scene, "document.reviewed", document="disclosure")).outcome is Outcome.PASS
    shown = deeds.applied(scene.operator(), await trust.read_deeds(scene.house)).document("disclosure")
    assert shown is not None
    assert (shown.reviewed_by, shown.reviewed_on) == (MEMBERS[3], scene.clock().date())
    path = scene.folder / "notes" / "disclosure.md"
    path.write_text(path.read_text() + "\nOne more word.\n")
    assert (await said(scene, "document.reviewed", document="disclosure")).outcome is Outcome.FAIL


async def test_a_transfer_is_proven_by_an_assessment_of_the_instrument_as_it_stands(scene: Scene) -> None:
    await enter(scene, DeedKind.ASSESSED, "addendum-names")
    found = await said(scene, "transfer.held", supplier="names")
    assert (found.outcome, found.value) == (Outcome.PASS, {"processors": 1, "transfers": 1, "by_log": 1})
    path = scene.folder / "suppliers.toml"
    path.write_text(path.read_text().replace("annex 3", "annex 4"))
    assert (await said(scene, "transfer.held", supplier="names")).outcome is Outcome.ATTESTED


async def test_a_security_review_is_proven_where_the_log_knows_who_wrote_the_release(scene: Scene) -> None:
    await enter(scene, DeedKind.CONSULTED, "2.0.0", beside=MEMBERS[5])
    assert (await said(scene, "review.held")).outcome is Outcome.FAIL  # nobody knows who wrote that release
    results = Results(tests=1, failed=0, skipped=0, sha256="0" * 64)
    new = Entered(
        build="a" * 64,
        version="2.0.0",
        commit="c" * 40,
        author=MEMBERS[5],
        reviewer=MEMBERS[1],
        results=results,
        at=scene.clock(),
    )
    await release.enter(scene.house, new)
    found = await said(scene, "review.held")
    assert (found.outcome, found.value) == (
        Outcome.PASS,
        {"release": "2.0.0", "held_on": scene.clock().date().isoformat()},
    )


async def test_a_promise_counts_as_kept_on_the_day_of_its_entry_whatever_day_is_named(scene: Scene) -> None:
    await enter(scene, DeedKind.KEPT, "iso-27001", sha256="1" * 64, on=date(2026, 1, 1))
    found = deeds.applied(scene.operator(), await deeds.read(scene.house.db)).commitments[0]
    assert (found.done_on, found.evidence) == (scene.clock().date(), "1" * 64)


@pytest.mark.parametrize(
    ("kind", "about", "more", "why"),
    [
        (DeedKind.TRAINED, "member 1", {"by": "nobody"}, "people.toml knows no"),
        (DeedKind.TRAINED, "member 9", {}, "the folder has no"),
        (DeedKind.REVIEWED, "no-such-text", {}, "the folder has no"),
        (DeedKind.TRAINED, "member 1", {"on": date(2999, 1, 1)}, "still to come"),
        (DeedKind.SIGNED, "member 1", {"by": "member 2"}, "nobody signs for another"),
        (DeedKind.CONSULTED, "0.1.0", {"beside": "member 4"}, "a review names"),
        (DeedKind.KEPT, "iso-27001", {}, "evidence is named"),
    ],
)
async def test_what_cannot_be_so_is_not_entered(
    scene: Scene, kind: DeedKind, about: str, more: dict[str, object], why: str
) -> None:
    with pytest.raises(DeedError, match=why):
        await enter(scene, kind, about, **more)
    assert await deeds.read(scene.house.db) == {}


async def test_an_entry_that_somebody_changed_is_not_shown(scene: Scene, owner_dsn: str) -> None:
    await enter(scene, DeedKind.TRAINED, MEMBERS[0])
    await scene.publish()
    assert len(await trust.read_deeds(scene.house)) == 1
    lie = "update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'member 4', 'member 5'), 'UTF8')"
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert owner.execute(lie).rowcount
    assert await trust.read_deeds(scene.house) == {}


async def test_versions_of_the_terms_are_proven_by_the_leaves_of_their_way(scene: Scene) -> None:
    (scene.folder / "terms.toml").write_text("")
    text = next(each for each in scene.operator().documents if each.kind == "terms")
    sha256 = hashlib.sha256(scene.operator().text_of(text).encode()).hexdigest()
    change = terms.Change(
        document=text.id,
        version="3",
        sha256=sha256,
        effective_on=scene.clock().date(),
        material=True,
        rule="control",
        reason="control",
        decided_by="managing director",
    )
    for action, days in ((terms.ANNOUNCED, 0), (terms.NOTICED, 0), (terms.IN_FORCE, 31)):
        scene.clock.move(timedelta(days=days))
        fact = Fact(action=action, at=scene.clock(), object_ref=text.id, detail=change.public)
        async with scene.house.db.transaction(TRUST) as tx:
            (entry,) = await trust_log.state(tx, [fact], entropy=scene.house.entropy)
            await store.add_fact(tx, entry, subject=terms.SUBJECT + text.id, outcome="step", at=fact.at)
        await scene.publish()
    for check in ("terms.listed", "terms.noticed", "terms.decided"):
        found = await said(scene, check)
        assert (found.outcome, found.value["by_log"]) == (Outcome.PASS, 1), check  # type: ignore[call-overload,index]  # a table
    assert (await said(scene, "terms.noticed")).value == {"shortest_notice_days": 31, "by_log": 1}


async def test_what_only_a_register_says_is_shown_as_the_word_it_is(scene: Scene) -> None:
    scene.catalogue = {
        "staff.trained": CATALOGUE["staff.trained"],
        "supplier.registered": CATALOGUE["supplier.registered"],
    }
    scene.house.egress.register = Register([])  # a way out to somebody unnamed would be more than a word
    await scene.engine().round(everything=True)
    assert await bases(scene) == {"B18": ("attested", "ATTESTED"), "A37": ("attested", "ATTESTED")}
    for member in MEMBERS:
        await enter(scene, DeedKind.TRAINED, member)
    await scene.engine().round()  # an entry makes due what may read it
    assert await bases(scene) == {"B18": ("ledger", "PASS"), "A37": ("attested", "ATTESTED")}
    path = scene.folder / "claims.toml"
    path.write_text(path.read_text().replace("attested_until = 2027-10-04", "attested_until = 2026-12-01"))
    scene.clock.now = datetime(2026, 12, 2, tzinfo=UTC)
    await scene.engine().round(everything=True)
    assert (await bases(scene))["A37"] == ("attested", "STALE")


async def bases(scene: Scene) -> dict[str, tuple[str, str]]:
    rows = spelled(await trust.read_claims(scene.house, scene.folder), "/trust")["claims"]
    return {row["id"]: (row["class"], row["status"]) for row in rows if row["id"] in {"B18", "A37"}}
