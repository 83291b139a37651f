import asyncio
import re
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest

from gatepost import decide
from gatepost.db import DatabaseUnavailableError
from gatepost.deliver.hold import hold_of
from gatepost.ids import TenantId
from gatepost.keys import Kind
from gatepost.mail.address import Address
from gatepost.upkeep.retention import HoldError, Scope, erase_person, foresee, place_hold, release_hold, replay
from journeys.scene import KEY, POLICY
from outbound import BOSS, TENANT
from upkeep.retention.remembering import Remembering
from upkeep.retention.scene import REMAINS, Kept, stranger_writes

OTHER = Address("other", "example.net")

SET_UP = "what the tenant is set up with; goes with the tenant or by its own door"
LOG = "the log: ids, codes and salted commitments, no person"
COUNTS = "hosts, codes and numbers, no person"
OURS = "ids and words of ours, and goes by itself within days"
VISITOR = "a visitor's own wish to the operator, sealed; it ends by their word or by time, and no mail of a tenant"
STAYS = {
    **dict.fromkeys(("account", "api_key", "dkim_key", "domain", "export_destination", "hosted_agent"), SET_UP),
    **dict.fromkeys(("hosting", "person", "policy", "policy_revocation", "route", "tenant", "former_tenant"), SET_UP),
    **dict.fromkeys(("webhook", "webhook_secret"), SET_UP),
    **dict.fromkeys(("checkpoint", "consequence", "decision_row", "entry", "erasure", "leaf", "log_key"), LOG),
    **dict.fromkeys(("unsequenced", "export_letter", "trust_fact", "trust_challenge", "trust_head", "row_copy"), LOG),
    **dict.fromkeys(("egress_opened", "egress_refused", "refusal_count", "status_hour", "status_sample"), COUNTS),
    **dict.fromkeys(("event", "event_stream_reader", "telling", "telling_attempt", "usage_report"), OURS),
    **dict.fromkeys(("job", "dead_job"), "ids of what is to be done; a dead one waits for a person of the tenant"),
    "entry_words": "keyed tokens of an opening: the indexer drops them once the opening is gone",
    "entry_words_done": "a place in the log",
    "log_reading": "how far the house has read each of its logs again",
    "trust_look": "when the operator asked for a look at all claims",
    "known_bad": "empty, and nobody can write to it: a known bad right for the check that looks for such",
    **dict.fromkeys(("key_store", "keys_made", "schema_migration", "retention_cursor"), "the house's own books"),
    "policy_proposal": SET_UP,
    "draft_replay": "a draft of a policy, and numbers; the next one takes it away after a week",
    "draft_replay_change": OURS,
    "legal_hold": "names whom it protects; stays as the proof that it was in force",
    "petition": "whom it is about is sealed with their key; what stays tells that something was asked",
    **dict.fromkeys(("news_told", "room_view"), LOG),
    **dict.fromkeys(("trust_case_mark", "trust_fault", "trust_scan"), COUNTS),
    **dict.fromkeys(("subscriber", "room_grant", "room_session"), VISITOR),
    "room_file": "the operator's own papers",
    "trust_case": "what somebody reported to the operator, sealed, as long as its case needs it",
}
"""Tables that no erasure and no limit reaches, and why."""


async def test_every_table_is_reached_or_stays_for_a_reason(kept: Kept, owner_dsn: str) -> None:
    query = """
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
    """
    with psycopg.connect(owner_dsn) as owner:
        every = {name for (name,) in owner.execute(query)}
    assert every - set(await kept.reached()) == set(STAYS)


async def test_a_person_is_gone_from_every_table_the_keeper_reaches(kept: Kept) -> None:
    await kept.turn(await kept.scene.boss_asks())
    await kept.scene.agent_says(await kept.scene.boss_asks(), "On Tuesday.")
    await kept.index()
    before = await kept.reached()
    for name in ("turn", "turn_step", "model_call", "correspondent", "outgoing_message", "known_author"):
        assert before[name], name
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    after = await kept.reached()
    assert {name: count for name, count in after.items() if count and name not in REMAINS} == {}


async def test_what_waited_goes_with_the_person_and_is_said_to_wait_no_longer(kept: Kept) -> None:
    """The hold was gone, and the record never said what became of it."""
    held_by = {**POLICY, "senders": [{"match": {"address": "boss@example.org"}, "action": "hold", "capabilities": []}]}
    async with kept.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, kept.scene.account, held_by, at=kept.scene.clock.now, actor=KEY)
    email = (await kept.scene.boss_writes("wait")).recorded.arrived.email
    await kept.index()
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    await kept.index()
    [leaf] = await kept.leaves("hold.abandon")
    assert leaf["object_ref"] == hold_of(email)
    assert (await kept.verified()).findings == []


SAYS_SO = {
    "policy": "what the tenant is set up with names whom it wants to hear",
}
"""Places of seals that hold a planted word and may open after the erasure, and why."""


async def test_no_seal_that_hid_a_planted_word_opens_and_none_lies_in_clear(
    kept: Kept, keys: Remembering, owner_dsn: str
) -> None:
    """Every seal there ever was is tried, wherever its copies lie; and every column of every table is read."""
    planted = (b"zqsubject", b"zqbody", b"zqheader", b"zqreply", str(BOSS).encode())
    raw = b"From: %b\r\nTo: agent@gatepost.test\r\nSubject: zqsubject\r\nX-Z: zqheader\r\n\r\n%b\r\n"
    first = (await kept.scene.boss_writes(raw=raw % (planted[-1], b"zqbody"))).recorded.arrived.email
    await kept.scene.boss_asks(text="zqbody large\r\n" * 20_000)
    await kept.turn(await kept.scene.boss_asks(text="zqbody"))
    await kept.scene.agent_says(first, "zqreply")
    await stranger_writes(kept.scene)
    await kept.index()
    hiding = [each for each in keys.made if any(word in each.octets for word in planted)]
    assert {"opening", "email", "body", "submission"} <= {each.place.partition("/")[0] for each in hiding}
    assert any(map(keys.opens, hiding))
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    assert {each.place for each in hiding if keys.opens(each) and each.place.partition("/")[0] not in SAYS_SO} == set()
    with psycopg.connect(owner_dsn) as owner:
        tables = [name for (name,) in owner.execute(_TABLES)]
        assert "email_words" in tables
        for table in tables:
            for (text,) in owner.execute(f"select t::text from {table} as t".encode()):  # noqa: S608  # the catalogue's
                assert not any(word in _spellings(text) for word in planted), table


_TABLES = """
    select oid::regclass::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'
"""


def _spellings(row: str) -> bytes:
    """Return a row as PostgreSQL prints it, and its octets in hex read as text."""
    return row.encode() + b" ".join(bytes.fromhex(each) for each in re.findall(r"\\\\?x((?:[0-9a-f]{2})+)", row))


async def _life(kept: Kept) -> None:
    """Mail from the boss, small and large, an answer, and a stranger's attempt."""
    first = await kept.scene.boss_asks()
    await kept.scene.boss_asks(text="large\r\n" * 20_000)
    await kept.scene.agent_says(first, "On Tuesday.")
    await stranger_writes(kept.scene)
    await kept.index()


async def _objects(kept: Kept) -> int:
    later = kept.scene.clock.now.replace(year=2999)
    return sum([len(page) async for page in kept.house.blobs.names("bodies", later)])


async def test_nothing_of_the_person_is_left_and_the_log_is_whole(kept: Kept) -> None:
    await _life(kept)
    before = await kept.rows()
    assert before["email"] == before["email_words"] == 2
    assert await _objects(kept) == 1
    done = await erase_person(kept.keeper, TENANT, BOSS, actor="operator", reason="asked on paper")
    assert (done.messages, done.indexed, done.queued, done.keys, done.waiting) == (2, 2, 1, 1, 0)
    after = await kept.rows()
    assert {name: after[name] for name in ("email", "body", "submission", "email_words", "unindexed")} == {
        "email": 0,
        "body": 0,
        "submission": 0,
        "email_words": 0,
        "unindexed": 0,
    }
    assert await _objects(kept) == 0
    async with kept.keeper.own.transaction(TENANT) as tx:
        assert await tx.all("select email from message_grant where tenant = %(tenant)s") == []
    assert after["opening"] == before["opening"] - done.openings + 1  # the stranger's, the set-up's, and what says so
    report = await kept.verified()
    assert report.findings == []
    assert report.erased == done.openings
    assert kept.keeper.own.keys.ids(TENANT, Kind.SUBJECT, kept.keeper.own.keys.subject_name(TENANT, BOSS.key)) == []


async def test_the_entry_says_which_entries_and_not_who(kept: Kept) -> None:
    await _life(kept)
    done = await erase_person(kept.keeper, TENANT, BOSS, actor="ky_owner", reason="boss@example.org asked")
    (leaf,) = await kept.leaves("person.erased")
    assert leaf["object_ref"] == done.request
    assert leaf["actor_ref"] == "ky_owner"
    assert leaf["detail"]["rule"] == "person"
    said = {index for first, last in leaf["detail"]["entries"] for index in range(first, last + 1)}
    assert len(said) == done.openings
    assert "boss" not in str(leaf)
    assert set(leaf["c"]) == {"reason"}


async def test_an_opening_that_is_gone_and_named_nowhere_is_a_finding(kept: Kept, owner_dsn: str) -> None:
    await _life(kept)
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from opening where entry = (select max(entry) from decision_row)")
    report = await kept.verified()
    assert [finding.split(": ")[1] for finding in report.findings] == ["its opening is missing"]


async def test_a_person_of_whom_nothing_is_held_leaves_an_entry_and_no_trace(kept: Kept) -> None:
    await _life(kept)
    before = await kept.rows()
    done = await erase_person(kept.keeper, TENANT, Address("nobody", "example.org"), actor="operator")
    assert (done.openings, done.messages, done.keys) == (0, 0, 0)
    assert await kept.rows() == {**before, "opening": before["opening"] + 1}
    assert (await kept.verified()).is_sound


async def test_a_dry_run_counts_and_removes_nothing(kept: Kept) -> None:
    await _life(kept)
    before = await kept.rows()
    would = await foresee(kept.keeper, TENANT, BOSS)
    assert await kept.rows() == before
    assert await kept.leaves("person.erased") == []
    done = await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    assert replace(done, request="", indexed=0) == would
    assert (done.messages, done.bodies, before["body"]) == (2, before["body"] + 1, 2)  # a large one, and the answer's


async def test_whoever_was_erased_may_write_again_and_is_erased_alone(kept: Kept) -> None:
    await _life(kept)
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    email = await kept.scene.boss_asks(text="It is me again.")
    await kept.index()
    assert await replay(kept.keeper) == 0
    found = await kept.scene.kept(email)
    assert found.subject == "The meeting"
    assert not found.is_erased


async def test_another_tenants_mail_of_the_same_person_stays(kept: Kept) -> None:
    await _life(kept)
    other = TenantId("tn_two")
    keys = kept.keeper.own.keys
    async with kept.house.db.transaction(other) as tx:
        tx.vault.seal("x/1", b"x", at=kept.scene.clock.now, subject=BOSS.key)
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    assert len(keys.ids(other, Kind.SUBJECT, keys.subject_name(other, BOSS.key))) == 1


async def test_entries_that_have_no_place_yet_are_waited_for(kept: Kept) -> None:
    await kept.scene.boss_asks()
    done = await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    assert done.openings == 1
    assert done.waiting == 0
    assert (await kept.verified()).is_sound


@pytest.mark.parametrize("which", ["all", "mailbox", "person"])
async def test_a_hold_forbids_it_until_it_is_released(kept: Kept, which: str) -> None:
    await _life(kept)
    scope = {"all": Scope(), "mailbox": Scope(account=kept.scene.account), "person": Scope(person=BOSS)}[which]
    hold = await place_hold(kept.keeper, TENANT, scope, reason="Matter 7", actor="operator")
    with pytest.raises(HoldError, match="Matter 7"):
        await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    with pytest.raises(HoldError, match=hold.id):
        await foresee(kept.keeper, TENANT, BOSS)
    await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    assert (await erase_person(kept.keeper, TENANT, BOSS, actor="operator")).messages == 2


async def test_a_hold_of_another_mailbox_or_person_forbids_nothing(kept: Kept) -> None:
    await _life(kept)
    async with kept.house.db.transaction(TENANT) as tx:
        row = await tx.one("select id from account where tenant = %(tenant)s and is_postmaster is false")
    assert row.id == kept.scene.account
    await place_hold(kept.keeper, TENANT, Scope(person=OTHER), reason="Matter 8", actor="operator")
    assert (await erase_person(kept.keeper, TENANT, BOSS, actor="operator")).messages == 2


async def test_mail_that_arrives_meanwhile_is_whole_or_turned_away(kept: Kept) -> None:
    """Neither an erasure nor an arrival sees half of the other."""
    await _life(kept)

    async def arrive() -> None:
        for _ in range(5):
            with suppress(DatabaseUnavailableError):  # its keys were destroyed meanwhile: the sender tries again
                await kept.scene.boss_writes()

    async with asyncio.TaskGroup() as group:
        group.create_task(erase_person(kept.keeper, TENANT, BOSS, actor="operator"))
        group.create_task(arrive())
    await kept.index()
    await replay(kept.keeper)
    assert (await kept.verified()).findings == []


async def test_whoever_writes_all_the_while_is_erased_to_the_end(kept: Kept) -> None:
    """What came last was under a key that was gone, and for an hour the log was called unsound, by whoever asked."""
    await kept.scene.boss_writes("first")

    async def sequence(tenant: TenantId) -> int:
        placed = await kept.sequencer.sequence(tenant)
        await kept.scene.boss_writes("once more")
        return placed

    done = await erase_person(replace(kept.keeper, sequence=sequence), TENANT, BOSS, actor="operator")
    assert done.waiting == 0
    assert (await kept.verified()).findings == []
