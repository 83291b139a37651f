import asyncio
from collections import Counter, deque
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import orjson
import psycopg
import pytest

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import ExportId
from gatepost.ledger.merkle import leaf_hash
from gatepost.record.paper import Kind as EntryKind
from gatepost.upkeep import siem
from gatepost.upkeep.siem import store
from gatepost.upkeep.siem.client import RETRY_AFTER_MAX_S
from gatepost.upkeep.siem.delivery import SLOW_S
from gatepost.upkeep.siem.engine import LEASE_S, Exporter
from record.papers import TENANT
from upkeep.siem.receivers import Double, ElasticDouble, OtlpDouble, SplunkDouble
from upkeep.siem.scene import METADATA, Scene

Listen = Callable[[Double], Double]


async def elastic(scene: Scene, double: ElasticDouble, **more: object) -> ExportId:
    return await scene.add(siem.Kind.ELASTIC, double.url, credential="id:secret", **more)  # type: ignore[arg-type]  # as add


async def told(scene: Scene, action: str) -> list[tuple[str, str, dict[str, object]]]:
    """Return who did it, to what, and what else the entries of an action say."""
    query = "select leaf from entry where tenant = %(tenant)s order by id"
    async with scene.db.transaction(TENANT) as tx:
        leaves = [orjson.loads(row.leaf) for row in await tx.all(query)]
    return [(each["actor_ref"], each["object_ref"], each["detail"]) for each in leaves if each["action"] == action]


async def test_the_whole_log_arrives_in_order_with_its_marks(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble()
    listen(double)
    identifier = await elastic(scene, double)
    size = await scene.grow(7)
    await scene.export()
    documents = list(double.stored.values())
    assert [each["gatepost"]["leaf_index"] for each in documents] == list(range(size))
    for identifier_there, each in double.stored.items():
        assert each["gatepost"]["leaf_hash"] == identifier_there
        text = orjson.dumps(each["native"]["leaf"], option=orjson.OPT_SORT_KEYS)
        assert leaf_hash(text).hex() == identifier_there
        assert each["gatepost"]["log_origin"] == f"log.house.example/t/{TENANT}"
    found = await scene.status(identifier)
    assert (found.exported_through, found.lag, found.exported_at) == (size - 1, 0, scene.clock.now)
    assert double.wrong == []
    assert double.path == ("/logs-gatepost.audit-tn_a/_bulk?require_data_stream=true&include_source_on_error=false")


async def test_adding_a_destination_is_itself_an_entry_without_its_secrets(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble()
    listen(double)
    await elastic(scene, double)
    await scene.grow(0)
    await scene.export()
    (document,) = double.stored.values()
    leaf = document["native"]["leaf"]
    assert leaf["action"] == "export.add"
    assert leaf["detail"] == {"kind": "elastic", "format": "native", "personal": 0, "ack": 0, "region": ""}
    assert "secret" not in str(document)


async def test_what_is_not_signed_yet_does_not_leave_the_house(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble()
    listen(double)
    await elastic(scene, double)
    await scene.export()
    assert double.requests == []


async def test_a_silent_receiver_is_asked_ever_more_rarely_and_then_gets_everything_once(
    scene: Scene, listen: Listen
) -> None:
    double = SplunkDouble(faults=deque([(503, {"code": 9})] * 4))
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    size = await scene.grow(3)
    waits = []
    for failures in range(1, 5):
        await scene.export()
        found = await scene.status(identifier)
        assert (found.failures, found.reason, found.next_index) == (failures, "splunk.9", 0)
        await scene.export()  # not due
        async with scene.db.transaction(TENANT) as tx:
            due_at = (await tx.one("select due_at from export_destination where tenant = %(tenant)s")).due_at
        waits.append((due_at - scene.clock.now).total_seconds())
        scene.clock.now = due_at
    assert len(double.requests) == 4
    for wait, full in zip(waits, (1, 2, 4, 8), strict=True):
        assert full / 2 <= wait <= full
    await scene.export()
    assert [each["fields"]["leaf_index"] for each in double.indexed] == list(range(size))
    assert (await scene.status(identifier)).failures == 0


@pytest.mark.parametrize("is_date", [False, True])
async def test_retry_after_is_honoured(scene: Scene, listen: Listen, *, is_date: bool) -> None:
    asked = format_datetime(scene.clock.now + timedelta(seconds=120), usegmt=True) if is_date else "120"
    double = OtlpDouble(faults=deque([(429, {})]), retry_after=asked)
    listen(double)
    await scene.add(siem.Kind.OTLP, double.url)
    await scene.grow(1)
    await scene.export()
    await scene.later(119)
    assert len(double.requests) == 1
    await scene.later(2)
    assert len(double.requests) == 2


async def test_a_request_too_large_is_halved_until_one_event_is_left_and_that_one_is_a_letter(
    scene: Scene, listen: Listen
) -> None:
    double = SplunkDouble(faults=deque([(413, b"too large"), (413, b""), (413, b"")]))
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    await scene.grow(3)  # four entries: 4, 2, 1
    await scene.export()
    assert [len(each) for each in double.requests] == [4, 2, 1, 1, 2]
    assert [each["fields"]["leaf_index"] for each in double.indexed] == [1, 2, 3]
    assert await scene.letters(identifier) == [(0, "splunk.too_large")]
    assert (await scene.status(identifier)).lag == 0


async def test_letters_are_replayed_and_then_gone(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble(items={2: [{"status": 400, "error": {"type": "document_parsing_exception"}}]})
    listen(double)
    identifier = await elastic(scene, double)
    size = await scene.grow(4)
    await scene.export()
    assert await scene.letters(identifier) == [(2, "elastic.400.document_parsing_exception")]
    async with scene.db.transaction(TENANT) as tx:
        assert await siem.replay(tx, scene, identifier, actor="ky_1") == 1
    await scene.export()
    assert await scene.letters(identifier) == []
    assert len(double.stored) == size


async def test_a_letter_refused_again_stays_and_is_not_tried_for_ever(scene: Scene, listen: Listen) -> None:
    refusal = {"status": 400, "error": {"type": "document_parsing_exception"}}
    double = ElasticDouble(items={1: [refusal, {"status": 400, "error": {"type": "other"}}]})
    listen(double)
    identifier = await elastic(scene, double)
    await scene.grow(2)
    await scene.export()
    async with scene.db.transaction(TENANT) as tx:
        await siem.replay(tx, scene, identifier, actor="ky_1")
    await scene.export()
    assert await scene.letters(identifier) == [(1, "elastic.400.other")]
    assert len(double.requests) == 2


async def test_a_replay_from_an_index_sends_all_from_there_again(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble()
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    size = await scene.grow(4)
    await scene.export()
    async with scene.db.transaction(TENANT) as tx:
        await siem.replay(tx, scene, identifier, actor="ky_1", from_index=3)
    await scene.later(2)
    assert [each["fields"]["leaf_index"] for each in double.indexed] == [*range(size), 3, 4]


async def test_only_refused_items_are_sent_again_and_in_the_same_turn(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble(items={1: [{"status": 429, "error": {"type": "es_rejected_execution_exception"}}]})
    listen(double)
    identifier = await elastic(scene, double)
    await scene.grow(3)
    await scene.export()
    assert [[each["gatepost"]["leaf_index"] for each in request] for request in double.requests] == [[0, 1, 2, 3], [1]]
    assert (await scene.status(identifier)).lag == 0
    assert len(scene.slept) == 1


async def test_an_item_that_is_busy_for_ever_holds_the_cursor_and_nothing_is_lost(scene: Scene, listen: Listen) -> None:
    busy = {"status": 503, "error": {"type": "unavailable_shards_exception"}}
    double = ElasticDouble(items={1: [busy] * 2})
    listen(double)
    identifier = await elastic(scene, double)
    size = await scene.grow(3)
    await scene.export()
    assert (await scene.status(identifier)).next_index == 1  # the rest of the batch failed as a whole
    await scene.later()
    assert len(double.stored) == size
    assert (await scene.status(identifier)).lag == 0


async def test_a_receiver_near_its_limits_is_given_a_pause_and_nothing_twice(scene: Scene, listen: Listen) -> None:
    for code in (24, 25):
        double = SplunkDouble(faults=deque([(200, {"text": "near", "code": code})]))
        listen(double)
        identifier = await scene.add(siem.Kind.SPLUNK, double.url)
        size = await scene.grow(1)
        await scene.export()
        assert (await scene.status(identifier)).lag == 0
        await scene.grow(1)
        await scene.later(SLOW_S - 1)
        assert len(double.requests) == 1
        await scene.later(2)
        assert [each["fields"]["leaf_index"] for each in double.indexed] == list(range(size + 1))


async def test_acknowledged_means_indexed(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble(uses_ack=True, acks_after=2)
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url, ack=True)
    await scene.grow(2)
    await scene.export()
    assert scene.slept == [10, 10, 10]
    assert len(double.requests) == 1
    found = await scene.status(identifier)
    assert (found.lag, found.assurance) == (0, "indexed")


async def test_while_batches_wait_to_be_acknowledged_the_next_ones_are_sent(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble(uses_ack=True, acks_after=1)
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url, ack=True)
    size = await scene.grow(10)
    await Exporter(scene, scene.sleep, turn_events=4).round()
    assert [len(each) for each in double.requests] == [4, 4, 3]
    assert double.questions == [[1, 2, 3], [1, 2, 3]]
    assert double.places() == list(range(size))
    assert (scene.slept, (await scene.status(identifier)).lag) == ([10, 10], 0)


async def test_what_is_never_acknowledged_is_sent_again_after_five_minutes(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble(uses_ack=True, acks_after=31)
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url, ack=True)
    await scene.grow(1)
    await scene.export()
    found = await scene.status(identifier)
    assert (sum(scene.slept), found.next_index, found.reason) == (300, 0, "splunk.ack_late")
    await scene.later()
    assert (await scene.status(identifier)).lag == 0
    assert double.requests[0] == double.requests[1]  # the same batch


async def test_of_many_batches_only_the_one_without_an_acknowledgement_is_sent_again(
    scene: Scene, listen: Listen
) -> None:
    double = SplunkDouble(uses_ack=True, never={2, 5})  # the second batch, and the first time it is sent again
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url, ack=True)
    size = await scene.grow(10)
    exporter = Exporter(scene, scene.sleep, turn_events=3)
    await exporter.round()
    for _ in range(2):
        found = await scene.status(identifier)
        assert (found.next_index, found.reason, found.ahead) == (3, "splunk.ack_late", ((6, size - 1, None),))
        scene.clock.now += timedelta(seconds=2)
        await exporter.round()
    assert [[each["fields"]["leaf_index"] for each in batch] for batch in double.requests] == [
        *([0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10]),
        *([3, 4, 5], [3, 4, 5]),
    ]
    found = await scene.status(identifier)
    assert (found.lag, found.ahead) == (0, ())


async def test_a_replay_of_letters_forgets_nothing_that_was_confirmed_beyond_the_cursor(
    scene: Scene, listen: Listen
) -> None:
    double = SplunkDouble(uses_ack=True, faulty={1}, never={3})
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url, ack=True)
    size = await scene.grow(10)
    exporter = Exporter(scene, scene.sleep, turn_events=3)
    await exporter.round()
    before = await scene.status(identifier)
    double.faulty = set()
    async with scene.db.transaction(TENANT) as tx:
        assert await siem.replay(tx, scene, identifier, actor="ky_1", from_index=None) == 1
    await scene.sequencer.sequence(TENANT)
    scene.clock.now += timedelta(seconds=2)
    await exporter.round()
    assert before.ahead
    assert await scene.letters(identifier) == []
    sent = Counter(each["fields"]["leaf_index"] for batch in double.requests for each in batch)
    assert {
        at for at, times in sent.items() if times > 1 and any(run.first <= at <= run.last for run in before.ahead)
    } == set()
    assert (await scene.status(identifier)).lag == 0
    assert set(double.places()) == set(range(size + 1))


async def test_a_stop_is_named_sends_nothing_more_and_a_test_that_succeeds_ends_it(
    scene: Scene, listen: Listen
) -> None:
    double = SplunkDouble(token="other")
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    size = await scene.grow(1)
    await scene.export()
    await scene.later()
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason, found.next_index) == (True, "splunk.4", 0)
    assert await told(scene, "export.stopped") == [("house", identifier, {"reason": "splunk.4"})]
    assert await siem.probe(scene, TENANT, identifier, actor="ky_1") == "splunk.4"
    assert (await scene.status(identifier)).is_stopped
    double.token = "secret"
    assert await siem.probe(scene, TENANT, identifier, actor="ky_1") == ""
    await scene.export()
    assert [each["fields"]["leaf_index"] for each in double.indexed] == [size - 1, *range(size)]
    assert len(await told(scene, "export.stopped")) == 1


async def test_documents_in_the_failure_store_alert(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble(items={0: [{"status": 201, "failure_store": "used"}]})
    listen(double)
    identifier = await elastic(scene, double)
    await scene.grow(1)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.alert, found.lag, found.is_stopped) == ("elastic.failure_store", 0, False)


async def test_what_a_collector_rejects_without_a_name_is_counted_and_not_sent_again(
    scene: Scene, listen: Listen
) -> None:
    double = OtlpDouble(faults=deque([(200, {"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "x"}})]))
    listen(double)
    identifier = await scene.add(siem.Kind.OTLP, double.url)
    await scene.grow(3)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.rejected, found.alert, found.lag, len(double.requests)) == (2, "otlp.rejected", 0, 1)


async def test_a_letter_that_is_rejected_when_replayed_stays_one(scene: Scene, listen: Listen) -> None:
    rejected = (200, {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "x"}})
    double = OtlpDouble(faults=deque([(400, {}), rejected]))
    listen(double)
    identifier = await scene.add(siem.Kind.OTLP, double.url)
    await scene.grow(0)
    await scene.export()
    assert await scene.letters(identifier) == [(0, "otlp.http_400")]
    async with scene.db.transaction(TENANT) as tx:
        await siem.replay(tx, scene, identifier, actor="ky_1")
    await scene.export()
    assert await scene.letters(identifier) == [(0, "otlp.rejected")]
    assert (await scene.status(identifier)).alert == "otlp.rejected"


@pytest.mark.parametrize("also", [None, {"status": 429}], ids=["replayed", "beside-one-that-is-busy"])
async def test_an_alert_is_not_lost_where_the_cursor_stays(
    also: dict[str, object] | None, scene: Scene, listen: Listen
) -> None:
    double = ElasticDouble(items={1: [{"status": 201, "failure_store": "used"}]})
    if also is None:
        double.items[1].insert(0, {"status": 400, "error": {"type": "mapper_parsing_exception"}})
    else:
        double.items[0] = [also] * 7
    listen(double)
    identifier = await elastic(scene, double)
    await scene.grow(1)
    await scene.export()
    if also is None:
        async with scene.db.transaction(TENANT) as tx:
            await siem.replay(tx, scene, identifier, actor="ky_1")
        await scene.export()
    found = await scene.status(identifier)
    assert (found.next_index, found.letters, found.alert) == (0 if also else 2, 0, "elastic.failure_store")


async def test_a_receiver_that_refuses_every_event_stops_before_all_are_letters(scene: Scene, listen: Listen) -> None:
    refusal = {"status": 400, "error": {"type": "illegal_argument_exception"}}
    double = ElasticDouble(items={at: [refusal] for at in range(61)})
    listen(double)
    identifier = await elastic(scene, double)
    await scene.grow(60)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason, found.next_index, found.letters) == (True, "events.all_refused", 0, 0)


async def test_a_receiver_that_refuses_whatever_comes_one_by_one_is_said_to_and_stops(
    scene: Scene, listen: Listen
) -> None:
    """It had all of a quiet log as letters for ever, and was shown as running, with nothing left to do."""
    refusal = {"status": 400, "error": {"type": "illegal_argument_exception"}}
    double = ElasticDouble(items={at: [refusal] for at in range(1, 62)})
    listen(double)
    identifier = await elastic(scene, double)
    await scene.export()
    for _ in range(49):
        await scene.grow(1)
        await scene.later(2)
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.letters, found.lag) == (False, 49, 0)
    assert found.reason == "elastic.400.illegal_argument_exception"
    await scene.grow(1)
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason, found.letters, found.lag) == (True, "events.all_refused", 49, 1)
    double.items.clear()
    async with scene.db.transaction(TENANT) as tx:
        await siem.replay(tx, scene, identifier, actor="ky_1")
    await scene.later(2)
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason, found.letters) == (False, "", 0)


REFUSAL = {"status": 400, "error": {"type": "illegal_argument_exception"}}


async def refusing(scene: Scene, listen: Listen, bad: range) -> tuple[ExportId, ElasticDouble]:
    """Stop a destination at 60 entries, all of which its receiver refuses."""
    double = ElasticDouble(items={at: [REFUSAL] * 9 for at in bad})
    listen(double)
    identifier = await elastic(scene, double)
    await scene.grow(0)
    await scene.export()
    await scene.grow(60)
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.next_index, found.letters) == (True, 1, 0)
    return identifier, double


async def past_refused(scene: Scene, identifier: ExportId) -> int:
    async with scene.db.transaction(TENANT) as tx:
        until = await siem.resume(tx, scene, identifier, actor="ky_1", past_refused=True)
    assert until is not None
    return until


async def test_where_truly_all_are_bad_a_person_has_it_go_on_and_nothing_is_lost(scene: Scene, listen: Listen) -> None:
    """A test of the newest entry had it go on, and the same fifty stopped it again, for ever."""
    identifier, double = await refusing(scene, listen, range(1, 61))
    async with scene.db.transaction(TENANT) as tx:
        assert await siem.resume(tx, scene, identifier, actor="ky_1") is None
    await scene.later(2)
    assert (await scene.status(identifier)).reason == "events.all_refused"
    size = await past_refused(scene, identifier)
    await scene.grow(3)
    for _ in range(3):
        await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.lag) == (False, 0)
    letters = await scene.letters(identifier)
    assert letters == [(at, "elastic.400.illegal_argument_exception") for at in range(1, 61)]
    stored = {each["gatepost"]["leaf_index"] for each in double.stored.values()}
    assert stored | {at for at, _ in letters} == set(range(found.log_size)), "each is there, or a letter"
    said = [detail for _, _, detail in await told(scene, "export.resume")]
    assert said == [{"past_refused": None}, {"past_refused": size}]


async def test_beyond_what_a_person_has_seen_a_row_of_refusals_stops_it_as_ever(scene: Scene, listen: Listen) -> None:
    identifier, _ = await refusing(scene, listen, range(1, 300))
    size = await past_refused(scene, identifier)
    await scene.later(2)
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.letters, found.next_index) == (False, 60, size)
    while (await scene.grow(1)) < size + 50:
        await scene.later(2)
        assert not (await scene.status(identifier)).is_stopped
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason, found.next_index) == (True, "events.all_refused", size + 49)


async def test_what_came_since_counts_also_in_the_turn_that_goes_past(scene: Scene, listen: Listen) -> None:
    identifier, _ = await refusing(scene, listen, range(1, 300))
    await past_refused(scene, identifier)
    await scene.grow(60)
    await scene.later(2)
    found = await scene.status(identifier)
    assert (found.is_stopped, found.letters, found.next_index) == (True, 0, 1)
    await past_refused(scene, identifier)
    await scene.later(2)
    assert (await scene.status(identifier)).lag == 0


async def test_who_begins_anew_is_tolerated_nothing(scene: Scene, listen: Listen) -> None:
    identifier, _ = await refusing(scene, listen, range(1, 300))
    await past_refused(scene, identifier)
    async with scene.db.transaction(TENANT) as tx:
        await siem.replay(tx, scene, identifier, actor="ky_1", from_index=1)
    await scene.later(2)
    assert (await scene.status(identifier)).is_stopped


async def test_a_destination_the_house_may_not_reach_stops_and_says_which_rule(scene: Scene) -> None:
    identifier = await scene.add(siem.Kind.OTLP, f"http://{METADATA}")
    await scene.grow(1)
    await scene.export()
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason) == (True, "egress.refused.address.metadata")


async def test_trouble_with_one_destination_does_not_delay_another(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble()
    listen(double)
    await scene.add(siem.Kind.OTLP, "http://127.0.0.1:1")
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    await scene.grow(1)
    await scene.export()
    assert (await scene.status(identifier)).lag == 0


async def test_who_has_claimed_a_destination_is_alone_until_the_claim_runs_out(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble()
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    await scene.grow(1)
    now = scene.clock.now
    async with scene.db.transaction(TENANT) as tx:
        assert await store.claim(tx, identifier, now, now + timedelta(seconds=LEASE_S)) is not None
    await scene.export()
    assert double.requests == []
    await scene.later(LEASE_S)
    assert len(double.requests) == 1


async def test_a_clock_that_was_ahead_and_is_set_right_keeps_nothing_back(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble()
    listen(double)
    await elastic(scene, double)
    await scene.grow(3)
    await scene.later(400 * 86_400)  # sends, and rests a second, by that clock
    assert len(double.stored) == 4
    scene.clock.now -= timedelta(days=400)
    await scene.grow(3)
    await scene.export()
    assert len(double.stored) == 7
    assert timedelta(seconds=RETRY_AFTER_MAX_S) < store.REST_MAX, "what a receiver asks for is no such clock"


async def test_a_turn_that_is_not_the_newest_may_write_nothing(scene: Scene) -> None:
    identifier = await scene.add(siem.Kind.OTLP, "http://127.0.0.1:1")
    later = scene.clock.now + timedelta(days=1)
    async with scene.db.transaction(TENANT) as tx:
        mine = await store.claim(tx, identifier, scene.clock.now, scene.clock.now)
        assert mine is not None
        assert await store.holds(tx, identifier, mine.turn)
        other = await store.claim(tx, identifier, later, later)
        assert other is not None
        assert not await store.holds(tx, identifier, mine.turn)
        assert not await store.renew(tx, identifier, mine.turn, later, ())
        assert await store.renew(tx, identifier, other.turn, later, ())


async def test_more_events_than_a_turn_holds_all_arrive(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble()
    listen(double)
    await scene.add(siem.Kind.SPLUNK, double.url)
    size = await scene.grow(10)
    await Exporter(scene, scene.sleep, turn_events=4).round()
    assert [each["fields"]["leaf_index"] for each in double.indexed] == list(range(size))
    assert len(double.requests) == 3


async def test_persons_leave_only_where_it_was_asked_for_and_erased_ones_never(
    scene: Scene, listen: Listen, owner_dsn: str
) -> None:
    plain, personal = ElasticDouble(), ElasticDouble()
    for double, wished in ((plain, False), (personal, True)):
        listen(double)
        await elastic(scene, double, personal=wished, spelled=siem.Format.ECS)
    await scene.grow(1)
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("delete from opening where entry = (select max(entry) from opening)")
    await scene.grow(1)
    await scene.export()
    assert "corp.example" not in str(plain.stored)
    mails = [each for each in personal.stored.values() if "email" in each]
    assert ["from" in each["email"] for each in mails] == [False, True]
    assert mails[1]["email"]["from"] == {"address": ["boss@corp.example"]}


async def test_an_erasure_goes_downstream_as_an_entry_of_its_own(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble()
    listen(double)
    await elastic(scene, double, spelled=siem.Format.ECS)
    await scene.note(EntryKind.ERASURE, "person.erased", "er_1")
    await scene.export()
    last = list(double.stored.values())[-1]
    assert (last["event"]["action"], last["event"]["type"]) == ("person.erased", ["deletion"])


async def test_run_ends_when_the_house_does_even_while_a_receiver_thinks(scene: Scene, listen: Listen) -> None:
    double = OtlpDouble(is_quick=False)
    listen(double)
    await scene.add(siem.Kind.OTLP, double.url)
    await scene.grow(1)
    stop = asyncio.Event()
    try:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(Exporter(scene).run(stop))
            while not double.requests:  # noqa: ASYNC110  # the double is a thread
                await asyncio.sleep(0.01)
            stop.set()
    finally:
        double.thinks.set()


async def test_a_database_that_is_away_is_waited_for_and_ends_no_house(scene: Scene, app_dsn: str) -> None:
    async with Database.open(app_dsn) as scene.db:
        pass
    with pytest.raises(DatabaseUnavailableError):
        await Exporter(scene, scene.sleep).round()
    stop = asyncio.Event()
    running = asyncio.ensure_future(Exporter(scene, scene.sleep).run(stop))
    await asyncio.sleep(0)
    stop.set()
    await running
