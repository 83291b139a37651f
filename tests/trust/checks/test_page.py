"""What the checks of the pages say of doors as they should be, and of some that a hair is wrong with."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gatepost.trust import Endpoint, Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.checks import page
from gatepost.trust.controls import server
from gatepost.trust.paper import CannotVerifyError, Finding
from gatepost.trust.probe.client import Prober
from trust.scene import Scene

HEAD = '{"page": {"updated_at": "%s"}, "components": [%s]}'


async def seen(judge: object, bench: Bench, pages: Mapping[str, tuple[str, bytes]]) -> Finding:
    """Return what a judge says of a door with these pages, whose security address is ``security@house.test``."""
    async with server.listening(server.http(pages)) as port:
        endpoint = Endpoint(door="http", host=server.HOST, port=port, tls="")
        contacts = frozenset({"security@house.test"})
        target = page.Served(Prober(bench.egress, bench.entropy), endpoint, contacts, bench.clock())
        assert callable(judge)
        return await judge(target)  # type: ignore[no-any-return]


def contact(*fields: str) -> dict[str, tuple[str, bytes]]:
    text = "\n".join([*fields, "Expires: 2090-01-01T00:00:00Z", ""])
    return {"/.well-known/security.txt": ("text/plain; charset=utf-8", text.encode())}


async def test_a_security_txt_names_the_address_for_security_and_no_other(bench: Bench) -> None:
    assert (await seen(page.security_txt, bench, {})).reason == "security_txt.missing"
    good = await seen(page.security_txt, bench, contact("Contact: mailto:security@house.test"))
    assert (good.outcome, good.value) == (Outcome.PASS, {"expires": "2090-01-01T00:00:00Z"})
    for fields in (
        ["mailto:sales@house.test"],
        ["https://house.test/form"],
        ["mailto:security@house.test", "mailto:x@y"],
    ):
        found = await seen(page.security_txt, bench, contact(*(f"Contact: {each}" for each in fields)))
        assert found.reason == "security_txt.contact", fields


async def test_a_text_that_is_not_served_is_missing_and_one_that_cannot_be_read_just_now_is_no_fault(
    bench: Bench,
) -> None:
    listed = ("application/json", b'{"claims": [{"id": "A1", "status": "PASS"}]}')
    shown = ("text/html", b'<article data-claim="A1" data-status="PASS"></article>')
    pages = dict.fromkeys(page.SECTIONS, shown) | {"/trust/claims.json": listed, "/trust/": shown}

    async def found(missing: int) -> Finding:
        async with server.listening(server.http(pages, missing)) as port:
            endpoint = Endpoint(door="http", host=server.HOST, port=port, tls="")
            served = page.Served(Prober(bench.egress, bench.entropy), endpoint, frozenset(), bench.clock())
            return await page.page_agrees(replace(served, texts={"terms": "0" * 64}))

    assert (await found(404)).reason == "page.text_missing"
    with pytest.raises(CannotVerifyError, match="unavailable"):
        await found(503)


async def test_a_summary_of_nothing_is_no_pass(bench: Bench) -> None:
    at = bench.clock().isoformat()
    one = '{"name": "Mail in", "status": "operational"}'
    for parts, outcome in ((one, Outcome.PASS), ("", None)):
        pages = {"/api/v2/summary.json": ("application/json", (HEAD % (at, parts)).encode())}
        if outcome is not None:
            assert (await seen(page.summary, bench, pages)).outcome is outcome
            continue
        with pytest.raises(CannotVerifyError, match="nothing_measured"):
            await seen(page.summary, bench, pages)


async def test_measurements_are_summed_over_their_labels_and_a_session_must_add_to_them(bench: Bench) -> None:
    counted = 0

    async def counting(reader: object, writer: object) -> None:
        nonlocal counted
        counted += 1
        await server.smtp(auth=False)(reader, writer)  # type: ignore[arg-type]

    async def measuring(reader: object, writer: object) -> None:
        name = "gatepost_smtp_sessions_total"
        text = f'{name}{{at="a"}} {counted}\n{name}{{at="b"}} 1\nodd line\n'
        await server.http({"/metrics": ("text/plain", text.encode())})(reader, writer)  # type: ignore[arg-type]

    async with server.listening(measuring) as port, server.listening(counting) as smtp:
        doors = [Endpoint(door="x", host=server.HOST, port=each, tls="") for each in (port, smtp)]
        target = page.Measured(Prober(bench.egress, bench.entropy), doors[0], ("gatepost_",), doors[1])
        assert (await page.watched(target)).value == 1
        assert (await page.watched(replace(target, wanted=("gatepost_", "other_")))).reason == "metrics.empty"
        with pytest.raises(CannotVerifyError, match="unreachable"):
            await page.watched(replace(target, smtp=replace(doors[1], port=1)))


async def test_every_text_of_the_folder_is_asked_for_by_what_it_says(scene: Scene) -> None:
    door = Endpoint(door="http", host=server.HOST, port=1, tls="")
    scene.endpoints = (door,)
    target = await page.served(scene.world(scene.operator()), {})
    assert set(target.texts) == {each.id for each in scene.operator().documents}
    assert all(len(each) == 64 for each in target.texts.values())
    assert target.contacts == frozenset({"security@lanternpost.example"})
