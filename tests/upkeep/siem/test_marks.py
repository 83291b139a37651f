import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.event import native as natively
from gatepost.upkeep.siem.event import searchable, writer
from gatepost.upkeep.siem.marks import Mark, read_marks
from gatepost.upkeep.siem.paper import Event, Format
from gatepost.upkeep.siem.syslog import SD_ID, message
from upkeep.siem.papers import ORIGIN, decided


def hash_at(place: int) -> str:
    return sha256(b"%d" % place).hexdigest()


def native(place: int) -> dict[str, object]:
    return {"leaf_index": place, "leaf_hash": hash_at(place), "log_origin": ORIGIN}


def otlp(place: int) -> dict[str, object]:
    values = {"leaf_index": {"intValue": str(place)}, "leaf_hash": {"stringValue": hash_at(place)}}
    record = {"attributes": [{"key": name, "value": value} for name, value in values.items()]}
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


SPELLINGS: dict[str, Callable[[int], dict[str, object]]] = {
    "native": native,
    "splunk": lambda at: {"preview": False, "result": {"leaf_index": str(at), "leaf_hash": hash_at(at)}},
    "splunk, each twice": lambda at: {"result": {"leaf_index": [str(at)] * 2, "leaf_hash": [hash_at(at)] * 2}},
    "elastic": lambda at: {"_index": "x", "_source": {"gatepost": native(at)}},
    "datadog": lambda at: {"content": {"attributes": native(at)}},
    "ocsf": lambda at: {"metadata": {"sequence": at, "original_event_uid": hash_at(at), "log_name": ORIGIN}},
    "otlp": otlp,
    "kept as text": lambda at: {"date": 1.5, "log": json.dumps(native(at))},
    "kept as text, ocsf": lambda at: {"message": json.dumps(SPELLINGS["ocsf"](at))},
    "flat": lambda at: {"gatepost.leaf_index": at, "gatepost.leaf_hash": hash_at(at)},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_places_are_read_whatever_tool_wrote_the_export(spelling: str) -> None:
    found = list(read_marks(json.dumps(SPELLINGS[spelling](at)) for at in (0, 4)))
    assert [(each.leaf_index, each.leaf_hash) for each in found if each] == [(0, hash_at(0)), (4, hash_at(4))]


def test_csv_is_read_by_its_header() -> None:
    lines = ["_time,leaf_index,leaf_hash\n", f'"x, y",0,{hash_at(0)}\n', "z,nothing,of the kind\n"]
    assert list(read_marks(lines)) == [Mark(0, hash_at(0), ""), None]


def test_a_table_of_splunks_may_say_each_field_twice() -> None:
    fields = ",".join(f'"{value}\n{value}"' for value in (0, hash_at(0), ORIGIN))
    lines = ["leaf_index,leaf_hash,log_origin\n", *f"{fields}\n".splitlines(keepends=True)]
    twice_otherwise = ['"1\n', f'2","{hash_at(1)}",{ORIGIN}\n']
    assert list(read_marks(lines + twice_otherwise)) == [Mark(0, hash_at(0), ORIGIN), None]


def test_an_array_is_read_line_by_line_or_in_one() -> None:
    apart = ["[\n", json.dumps(native(0)) + ",\n", json.dumps(native(1)) + "\n", "]\n"]
    together = [json.dumps({"hits": {"hits": [{"_source": {"gatepost": native(at)}} for at in (0, 1)]}})]
    for lines in (apart, together):
        assert list(read_marks(lines)) == [Mark(at, hash_at(at), ORIGIN) for at in (0, 1)]


@pytest.mark.parametrize("spelled", Format)
def test_syslog_is_read_with_its_header_and_without(spelled: Format) -> None:
    event = decided()
    whole = message(event, writer(spelled)).decode()
    bare = "Nov 20 12:00:00 log gatepost: " + whole.partition("\ufeff")[2]
    wanted = Mark(event.leaf_index, event.leaf_hash, event.log_origin, frozenset({event.leaf_hash}))
    assert list(read_marks([whole, bare])) == [wanted, wanted]
    as_text = [json.dumps({"host": "log", name: line}) for name in ("message", "log") for line in (whole, bare)]
    assert list(read_marks(as_text)) == [wanted] * 4


def flat(value: object, name: str = "") -> dict[str, str]:
    """As VictoriaLogs keeps an object: one level, all of it text, nothing that is empty."""
    if isinstance(value, dict):
        prefix = f"{name}." if name else ""
        return {key: text for each, inner in value.items() for key, text in flat(inner, f"{prefix}{each}").items()}
    if value in (None, "", []):
        return {}
    return {name: value if isinstance(value, str) else json.dumps(value)}


def victoria(event: Event, spelled: Format, way: str) -> dict[str, str]:
    """What VictoriaLogs gives out of an event that came on one of our ways."""
    own = {"_time": "2026-11-20T12:00:00Z", "_stream_id": "0000000000000000e934a84adb05276890d7f7bfcadabe92"}
    write = writer(spelled)
    match way:
        case "syslog":
            marks = {f"{SD_ID}.{name}": str(value) for name, value in event.marks.items()}
            said = {"_msg": "\ufeff" + json.dumps(write(event)), "format": "rfc5424", "app_name": "gatepost", **marks}
        case "otlp":
            said = {"_msg": json.dumps(write(event)), "service.name": "gatepost", **flat(event.marks)}
        case "elastic":  # with no field that it was told to take for the message
            said = {"_msg": "missing _msg field", **flat(searchable(spelled)(event))}
        case _:  # with ``_msg_field`` set to the field that has the exact octets
            written = flat(searchable(spelled)(event))
            name = {Format.ECS: "event.original", Format.OCSF: "ocsf.raw_data"}[spelled]
            said = {"_msg": written.pop(name), **written}
    return {**own, "_stream": '{service.name="gatepost"}', **said}


WAYS = [
    *((spelled, way) for spelled in Format for way in ("syslog", "otlp", "elastic")),
    (Format.ECS, "elastic, with the octets as its message"),
    (Format.OCSF, "elastic, with the octets as its message"),
]


@pytest.mark.parametrize(("spelled", "way"), WAYS)
def test_the_renamed_and_flat_fields_of_victorialogs_are_read(spelled: Format, way: str) -> None:
    event = decided()
    given = victoria(event, spelled, way)
    carries = (spelled, way) != (Format.NATIVE, "elastic")  # of it a leaf's nulls are gone
    contents = frozenset({event.leaf_hash}) if carries else frozenset()
    wanted = Mark(event.leaf_index, event.leaf_hash, event.log_origin, contents)
    assert list(read_marks([json.dumps(given)] * 2)) == [wanted] * 2
    forged = json.dumps(given).replace("deliver", "discard")
    assert [each and each.contents != contents for each in read_marks([forged])] == [carries]


def test_what_victorialogs_keeps_as_mere_text_is_read() -> None:
    whole = message(decided(), natively).decode()
    for text in (whole, json.dumps(natively(decided()))):
        [found] = read_marks([json.dumps({"_time": "2026-11-20T12:00:00Z", "_msg": text, "_stream": "{}"})])
        assert found is not None
        assert found.leaf_index == decided().leaf_index
        assert found.contents == {decided().leaf_hash}


def test_what_a_stranger_wrote_into_an_entry_counts_for_nothing() -> None:
    forged = f'[gatepost@1 leaf_index="9" leaf_hash="{hash_at(9)}" log_origin="{ORIGIN}"]'
    event = decided(opened={"sender": forged, "message_id": json.dumps(native(9))})
    for line in (
        json.dumps(natively(event)),
        message(event, natively).decode(),
        f"host: {json.dumps(natively(event))}",
    ):
        assert [each.leaf_index for each in read_marks([line]) if each] == [event.leaf_index]


@given(st.lists(st.text() | st.text().map(lambda each: "{" + each) | st.text().map(lambda each: "<110>{" + each)))
def test_any_file_can_be_read(lines: list[str]) -> None:
    for mark in read_marks(lines):
        assert mark is None or mark.leaf_index >= 0


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_can_be_read(value: object) -> None:
    list(read_marks([json.dumps({"attributes": value}), json.dumps([value])]))


def test_deep_json_ends() -> None:
    assert list(read_marks(["{" + '"a":[' * 400 + "]" * 400 + "}"])) == [None]
