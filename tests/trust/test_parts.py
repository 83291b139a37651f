"""Which parts of the operator's folder a revision changed, in words."""

from dataclasses import fields, replace
from datetime import timedelta

from typing_extensions import override

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.ids import EntryId
from gatepost.record.trust_log import Stated
from gatepost.trust import parts, read_operator
from gatepost.trust.operator import SINGLES, TABLES, Operator
from outbound import NOW
from trust.scene import EXAMPLE, Scene


def test_each_register_is_told_row_by_row_or_whole() -> None:
    assert parts.ROWS.keys() | parts.WHOLE.keys() == {"claims", "texts", *TABLES, *SINGLES}
    assert not parts.ROWS.keys() & parts.WHOLE.keys()
    plain = {item.name for item in fields(Operator)} - {"folder", "digest"}
    assert plain == parts.ROWS.keys() | parts.WHOLE.keys()


def changed(before: Operator, after: Operator) -> str:
    return parts.in_words(parts.parts_of(before), parts.parts_of(after))


def test_rows_are_named_as_new_changed_or_gone() -> None:
    one = read_operator(EXAMPLE)
    claim, *claims = one.claims
    supplier, *suppliers = one.suppliers
    other = replace(
        one,
        claims=(replace(claim, text="Another sentence."), *claims),
        suppliers=(*suppliers, replace(supplier, id="post-office")),
        members=one.members[:-1],
    )
    said = changed(one, other)
    assert said == (
        f"New: suppliers (post-office). Changed: claims ({claim.id}), the people register. "
        f"No longer there: suppliers ({supplier.id})."
    )
    assert changed(one, one).startswith("Nothing that is listed here")


def test_a_text_is_told_by_its_id_and_a_note_beside_as_such() -> None:
    one = read_operator(EXAMPLE)
    document = one.documents[0]
    texts = {**one.texts, document.file: "Rewritten."}
    assert changed(one, replace(one, texts=texts)) == f"Changed: texts ({document.id})."
    assert changed(one, replace(one, texts={**one.texts, "notes/new.md": "x"})) == "Changed: notes beside the texts."


def test_people_accounts_and_weaknesses_have_no_name_there() -> None:
    one = read_operator(EXAMPLE)
    names = {each.name for each in one.principals} | {each.ref for each in one.members}
    told = parts.parts_of(one)
    assert names
    assert not [name for name in names for part in told if name in part.partition("/")[2]]


def test_many_rows_of_one_register_are_counted() -> None:
    one = read_operator(EXAMPLE)
    later = tuple(replace(each, cadence=each.cadence + timedelta(minutes=1)) for each in one.claims)
    said = changed(one, replace(one, claims=later))
    assert said.endswith(f" and {len(later) - parts.NAMES_TOLD} more).")
    assert len(said) < 300


def revision(sha256: str, digest: str) -> Stated:
    return Stated(EntryId(1), None, NOW, "operator.revised", "operator", {"digest": digest, "parts": sha256})


async def test_a_list_that_was_changed_or_lost_is_not_believed(scene: Scene) -> None:
    blobs, one = scene.house.blobs, scene.operator()
    two = replace(one, members=one.members[:-1])
    first, second = await parts.keep(blobs, one), await parts.keep(blobs, two)
    revisions = [revision(second, "b"), revision(first, "a")]
    known: parts.Words = {}
    assert await parts.told(blobs, revisions, known) == ["Changed: the people register."]
    assert await parts.told(blobs, [revision(second, "a"), revision(first, "a")]) == [""]  # it was merely committed
    await blobs.write(f"revision/{first}", b"{}")
    assert await parts.told(blobs, revisions) == [parts.UNTOLD]
    assert await parts.told(blobs, revisions, known) == ["Changed: the people register."]  # read before
    await blobs.remove(f"revision/{first}")
    assert await parts.told(blobs, revisions) == [parts.UNTOLD]


class Away(Folder):
    """A store that does not answer."""

    @override
    async def write(self, path: str, octets: bytes) -> None:
        raise BlobsUnavailableError(path)

    @override
    async def read(self, path: str) -> bytes | None:
        raise BlobsUnavailableError(path)


async def test_a_store_that_is_away_costs_the_words_and_not_the_revision(scene: Scene) -> None:
    scene.house = replace(scene.house, blobs=Blobs(Away(scene.state)))
    assert await parts.keep(scene.house.blobs, scene.operator()) == ""
    assert await parts.told(scene.house.blobs, [revision("00", "b"), revision("11", "a")]) == [parts.UNTOLD]
    await scene.engine().round()
    assert await scene.engine().round() == []  # it was stated
