import pytest

from doors.rest.scene import Tenancy, calls, leaves, sequence
from gatepost.doors import rest
from gatepost.doors.rest import export_shapes
from gatepost.egress import Rule
from gatepost.journey import House

SPLUNK = {"kind": "splunk", "url": "https://127.0.0.1:9", "credential": "hec-token", "region": "EU"}


async def test_a_destination_is_added_shown_changed_and_removed_and_each_act_recorded(
    house: House, ours: Tenancy
) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        made = await client.post("/api/v1/exports", json=SPLUNK)
        assert made.status_code == 201, made.text
        path = f"/api/v1/exports/{made.json()['id']}"
        await sequence(house, ours)
        shown = (await client.get(path)).json()
        assert (shown["exported_through"], shown["lag"], shown["letters"]) == (None, 1, [])
        assert shown["assurance"] == "received, not confirmed as indexed"
        changed = await client.put(path, json={**SPLUNK, "format": "ocsf", "wants_ack": True})
        assert (changed.json()["format"], changed.json()["assurance"]) == ("ocsf", "indexed")
        told = await client.post(f"{path}/test")
        assert told.json() == {"is_taken": False, "reason": "receiver.unreachable"}
        assert (await client.post(f"{path}/replay", json={"from_index": 0})).json() == {"letters": 0}
        assert (await client.post(f"{path}/resume", json={"past_refused": True})).json()["is_stopped"] is False
        assert "hec-token" not in (await client.get("/api/v1/exports")).text
        assert (await client.delete(path)).status_code == 204
        assert (await client.get("/api/v1/exports")).json() == {"items": []}
        assert (await client.delete(path)).status_code == 404
        assert (await client.post(f"{path}/resume", json={})).status_code == 404
    told_by_log = await leaves(house, ours)
    assert [each["action"] for each in told_by_log] == [
        "export.add",
        "export.change",
        "export.test",
        "export.replay",
        "export.resume",
        "export.remove",
    ]
    assert "hec-token" not in str(told_by_log)
    assert {each["actor_ref"] for each in told_by_log} != {"house"}


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "splunk", "url": "https://splunk.example"},
        {"kind": "splunk", "url": "ftp://splunk.example", "credential": "x"},
        {"kind": "splunk", "url": "https://splunk.example", "credential": "x\r\nEvil: 1"},
        {"kind": "syslog", "url": "udp://syslog.example"},
        {"kind": "syslog", "url": "tls://syslog.example:99999"},
        {"kind": "elastic", "url": "https://elastic.example", "credential": "x", "index": "../_all"},
        {"kind": "otlp", "url": "https://otlp.example", "ca": "no PEM"},
        {"kind": "otlp", "url": "https://otlp.example?a=b"},
    ],
)
async def test_what_cannot_be_a_destination_is_refused(house: House, ours: Tenancy, body: dict[str, str]) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        answer = await client.post("/api/v1/exports", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/export.invalid")
    assert await leaves(house, ours) == []


def test_no_shape_that_is_shown_has_a_credential() -> None:
    assert not {"credential", "ca"} & set(export_shapes.ExportDetail.model_fields)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("otlp", "https://169.254.169.254"),
        ("syslog", "tls://169.254.169.254"),
        ("syslog", "tls://[fd00:ec2::254]:6514"),
    ],
)
async def test_an_address_nobody_may_connect_to_is_refused_when_it_is_written_down(
    house: House, ours: Tenancy, kind: str, url: str
) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        made = await client.post("/api/v1/exports", json={"kind": kind, "url": url})
        kept = await client.post(
            "/api/v1/exports", json={"kind": kind, "url": url.partition(":")[0] + "://siem.example"}
        )
        one = f"/api/v1/exports/{kept.json()['id']}"
        changed = await client.put(one, json={"kind": kind, "url": url})
    for refused in (made, changed):
        assert (refused.status_code, refused.json()["type"]) == (422, "/api/problems/destination.closed")
        assert refused.json()["errors"] == [Rule.METADATA.value]
    assert {what.ref for what in house.egress.take().refused} == {"", kept.json()["id"]}
