from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

import singly
from gatepost import mailbox
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId, EmailId, TenantId, ThreadId
from gatepost.keys import CursorError
from gatepost.mail.address import Address
from gatepost.mail.reading import of_text
from gatepost.mailbox import store
from outbound import ACCOUNT, KEPT, TENANT
from postbag import INVOICE, letter


@pytest.fixture
async def tx(db: Database) -> AsyncIterator[Transaction]:
    async with db.transaction(TENANT) as transaction:
        yield transaction


async def _keep(tx: Transaction, name: str, message_id: str = "", *references: str) -> ThreadId:
    email = EmailId(f"em_{name}")
    thread = await singly.thread_for(tx, ACCOUNT, email=email, message_id=message_id, references=references)
    await singly.keep(tx, replace(KEPT, id=email, thread=thread, message_id=message_id, references=references))
    return thread


async def test_what_was_kept_comes_back_as_it_was(tx: Transaction) -> None:
    email = replace(KEPT, reply_to=(Address.parse("josé@example.org"),), references=("a@b", "c@d"))
    await singly.keep(tx, email)
    assert await mailbox.get(tx, ACCOUNT, email.id) == email


async def test_what_is_compared_with_a_phrase_is_read_without_the_rest(tx: Transaction) -> None:
    email = letter(1, **INVOICE)
    await singly.keep(tx, email)
    row = await tx.one("select * from email where tenant = %(tenant)s")
    content = store.content_of(tx.vault, row)
    assert store.texts_from(content) == email.texts
    before_readings = {name: value for name, value in content.items() if name != "reading"} | {"text": "Old."}
    assert store.texts_from(before_readings) == email.texts._replace(human="Old.", filename=())


async def test_keeping_it_twice_keeps_it_once(tx: Transaction) -> None:
    await singly.keep(tx, KEPT)
    await singly.keep(tx, KEPT)
    assert await mailbox.page(tx, ACCOUNT, limit=10) == ([KEPT], None)


async def test_another_account_does_not_see_it(tx: Transaction) -> None:
    await singly.keep(tx, KEPT)
    assert await mailbox.get(tx, AccountId(8), KEPT.id) is None
    assert await mailbox.page(tx, AccountId(8), limit=10) == ([], None)
    assert await mailbox.thread(tx, AccountId(8), KEPT.thread, limit=9) == ([], None)


async def test_another_tenant_does_not_see_it(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, KEPT)
    async with db.transaction(TenantId("tn_two")) as tx:
        assert await mailbox.get(tx, ACCOUNT, KEPT.id) is None
        assert await mailbox.find(tx, KEPT.id) is None


async def test_pages_run_from_the_newest_to_the_oldest(tx: Transaction) -> None:
    for name in "abcde":
        await _keep(tx, name)
    first = await mailbox.page(tx, ACCOUNT, limit=2)
    second = await mailbox.page(tx, ACCOUNT, limit=3, cursor=first.after)
    assert [email.id for email in (*first.emails, *second.emails)] == ["em_e", "em_d", "em_c", "em_b", "em_a"]
    assert second.after is None


async def test_the_latest_are_of_all_mailboxes_and_of_one_tenant(db: Database) -> None:
    other = replace(KEPT, id=EmailId("em_other"), account=AccountId(8))
    async with db.transaction(TENANT) as tx:
        for each in (KEPT, other):
            await singly.keep(tx, each)
        assert await mailbox.latest(tx, limit=9) == [other.id, KEPT.id]
        assert await mailbox.latest(tx, limit=1) == [other.id]
    async with db.transaction(TenantId("tn_two")) as tx:
        assert await mailbox.latest(tx, limit=9) == []


async def test_a_cursor_continues_its_own_list_alone(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        for name in "abc":
            await _keep(tx, name)
        cursor = (await mailbox.page(tx, ACCOUNT, limit=1)).after
        assert cursor is not None
        for wrong in (cursor[:-1], f"{cursor}A", f"A{cursor[1:]}", "em_c", "x", "", "\u00e9"):
            with pytest.raises(CursorError):
                await mailbox.page(tx, ACCOUNT, limit=1, cursor=wrong)
        with pytest.raises(CursorError):
            await mailbox.page(tx, AccountId(8), limit=1, cursor=cursor)
        for is_proven, is_automatic in ((True, None), (False, None), (None, False)):
            with pytest.raises(CursorError):
                await mailbox.page(tx, ACCOUNT, limit=1, cursor=cursor, is_proven=is_proven, is_automatic=is_automatic)
        with pytest.raises(CursorError):
            await mailbox.search(tx, ACCOUNT, mailbox.parse_query("meet"), limit=1, cursor=cursor)
    async with db.transaction(TenantId("tn_two")) as tx:
        with pytest.raises(CursorError):
            await mailbox.page(tx, ACCOUNT, limit=1, cursor=cursor)


async def test_a_cursor_tells_nothing_of_how_much_mail_others_get(tx: Transaction) -> None:
    for name in "abcd":
        await _keep(tx, name)
    first = await mailbox.page(tx, ACCOUNT, limit=1)
    second = await mailbox.page(tx, ACCOUNT, limit=1, cursor=first.after)
    assert first.after is not None
    assert second.after is not None
    assert len(first.after) == len(second.after) == 32
    assert sum(one == other for one, other in zip(first.after, second.after, strict=True)) < 16
    assert (await mailbox.page(tx, ACCOUNT, limit=1)).after == first.after  # nothing to remember, nothing to count


async def test_an_answer_joins_the_thread_of_what_it_answers(tx: Transaction) -> None:
    first = await _keep(tx, "a", "one@example.org")
    assert await _keep(tx, "b", "two@example.org", "one@example.org") == first
    assert [email.id for email in (await mailbox.thread(tx, ACCOUNT, first, limit=9)).emails] == ["em_a", "em_b"]


async def test_an_answer_that_overtakes_its_question_still_meets_it(tx: Transaction) -> None:
    answer = await _keep(tx, "b", "two@example.org", "one@example.org")
    assert await _keep(tx, "a", "one@example.org") == answer


async def test_the_nearest_reference_decides(tx: Transaction) -> None:
    await _keep(tx, "a", "far@example.org")
    near = await _keep(tx, "b", "near@example.org")
    assert await _keep(tx, "c", "new@example.org", "far@example.org", "near@example.org") == near


async def test_strangers_without_ids_share_no_thread(tx: Transaction) -> None:
    assert await _keep(tx, "a") != await _keep(tx, "b")


async def test_an_equal_subject_joins_nothing(tx: Transaction) -> None:
    first = await _keep(tx, "a", "one@example.org")
    assert await _keep(tx, "b", "two@example.org") != first  # all of these letters are about "The meeting"


async def test_an_id_that_is_only_alike_joins_nothing(tx: Transaction) -> None:
    first = await _keep(tx, "a", "one@example.org")
    for number, other in enumerate(
        ("ONE@example.org", " one@example.org", "one@example.or", "", "one@example.org\x00")
    ):
        assert await _keep(tx, f"b{number}", f"{number}@example.net", other) != first


async def test_a_stranger_who_names_two_threads_joins_one_and_moves_nobody(tx: Transaction) -> None:
    one = await _keep(tx, "a", "one@example.org")
    two = await _keep(tx, "b", "two@example.org")
    assert await _keep(tx, "c", "three@example.org", "one@example.org", "two@example.org") == two
    assert [email.id for email in (await mailbox.thread(tx, ACCOUNT, one, limit=9)).emails] == ["em_a"]
    assert await _keep(tx, "d", "four@example.org", "one@example.org") == one


async def test_a_second_mail_under_a_known_id_does_not_take_the_thread_over(tx: Transaction) -> None:
    one = await _keep(tx, "a", "one@example.org")
    assert await _keep(tx, "b", "one@example.org", "elsewhere@example.org") == one
    assert await _keep(tx, "c", "three@example.org", "one@example.org") == one


async def test_what_answers_our_own_mail_comes_back_into_its_thread(tx: Transaction) -> None:
    thread = await _keep(tx, "a", "one@example.org")
    await mailbox.follow(tx, ACCOUNT, message_id="em_ours@gatepost.test", thread_id=thread)
    assert await _keep(tx, "b", "two@example.org", "em_ours@gatepost.test") == thread


async def test_another_account_has_threads_of_its_own(tx: Transaction) -> None:
    await _keep(tx, "a", "one@example.org")
    other = await singly.thread_for(
        tx, AccountId(8), email=EmailId("em_z"), message_id="", references=("one@example.org",)
    )
    assert other == "th_z"


async def test_what_postgresql_cannot_hold_is_marked_and_kept(tx: Transaction) -> None:
    email = replace(
        KEPT, subject="a\x00b", reading=of_text("half \ud83d"), message_id="x" * 100_000, references=("y\x00",)
    )
    await singly.keep(tx, email)
    found = await mailbox.get(tx, ACCOUNT, email.id)
    assert found is not None
    assert found.subject == "a\ufffdb"
    assert found.text.startswith("half \ufffd")
    assert len(found.message_id) == 100_000
