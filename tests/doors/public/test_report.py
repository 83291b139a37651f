import json

import httpx2

from gatepost.doors.public.report import FORM_MAX_OCTETS, PATH, RATE
from gatepost.record.trust_log import TRUST
from gatepost.trust import intake
from trust.scene import Scene

FORM = {"sort": "security", "text": "<script>alert(1)</script> is not escaped", "reply_to": "finder@example.org"}


async def stated(scene: Scene) -> list[str]:
    async with scene.house.db.transaction(TRUST) as tx:
        rows = await tx.all("select leaf from entry where tenant = %(tenant)s order by id")
    return [json.loads(bytes(row.leaf))["action"] for row in rows]


async def test_the_form_opens_a_case_and_repeats_nothing(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    page = await visitor.get(PATH)
    assert page.status_code == 200
    assert "<script" not in page.text.lower()
    assert "security@lanternpost.example" in page.text
    assert '<form method="post" class="fields">' in page.text, "else its fields stand in one row, wider than a phone"
    said = await visitor.post(PATH, data=FORM)
    (case,) = await intake.read_cases(scene.house)
    assert said.status_code == 200
    assert case.id in said.text
    assert "alert" not in said.text
    assert said.headers["cache-control"] == "no-store"
    assert await stated(scene) == ["case.received"]


async def test_what_is_no_report_is_said_on_the_form(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    for changed in ({"sort": "praise"}, {"text": " "}, {"reply_to": "nobody"}):
        said = await visitor.post(PATH, data=FORM | changed)
        assert said.status_code == 422, changed
        assert 'role="alert"' in said.text
        scene.clock.now = scene.clock.now.replace(hour=scene.clock.now.hour + 1)
    assert await intake.read_cases(scene.house) == []


async def test_one_address_may_send_a_few(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    codes = [(await visitor.post(PATH, data=FORM)).status_code for _ in range(RATE.burst + 1)]
    assert codes == [200] * RATE.burst + [429]
    assert len(await intake.read_cases(scene.house)) == RATE.burst


async def test_a_flood_is_cut_off(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    said = await visitor.post(PATH, content=b"text=" + b"x" * FORM_MAX_OCTETS)
    assert said.status_code == 413
    many = "&".join(f"a{number}=b" for number in range(100))
    assert (await visitor.post(PATH, content=many.encode())).status_code == 413
    assert await intake.read_cases(scene.house) == []
