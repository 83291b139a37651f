"""What lies in the document room, and how."""

from pathlib import Path

import psycopg
import pytest

from gatepost.record.trust_log import TRUST
from gatepost.trust.room import stock, store
from gatepost.trust.room.stock import StockError
from trust.posting import Posting
from trust.scene import Scene

SECRET = "The penetration test found nothing but this."


def papers(
    folder: Path, rows: str = '[[documents]]\nid = "pentest"\ntitle = "Penetration test"\nfile = "p.md"\n'
) -> Path:
    made = folder / "papers"
    made.mkdir(exist_ok=True)
    (made / "room.toml").write_text(rows)
    (made / "nda.md").write_text("# Confidentiality\n\nKeep it so.\n")
    (made / "p.md").write_text(f"# Test\n\n{SECRET}\n")
    return made


async def test_papers_lie_sealed_and_open_again(scene: Scene, tmp_path: Path) -> None:
    await stock.publish(scene.house, papers(tmp_path), by="operator")
    async with scene.house.db.transaction(TRUST) as tx:
        found = {each.id: each for each in await store.files(tx)}
    assert set(found) == {"nda", "pentest"}
    octets = await stock.octets_of(scene.house, found["pentest"])
    assert octets is not None
    assert SECRET in octets.decode()
    blobs = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert blobs
    assert not any(SECRET.encode() in path.read_bytes() for path in blobs)


async def test_what_the_folder_names_no_more_is_out_of_the_room(scene: Scene, tmp_path: Path) -> None:
    await stock.publish(scene.house, papers(tmp_path), by="operator")
    await stock.publish(scene.house, papers(tmp_path, rows=""), by="operator")
    async with scene.house.db.transaction(TRUST) as tx:
        assert [each.id for each in await store.files(tx)] == ["nda"]
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1  # nor in the object store


@pytest.mark.parametrize(
    "rows",
    [
        "[[",
        'documents = "x"',
        '[[documents]]\nid = "nda"\ntitle = "x"\nfile = "p.md"\n',
        '[[documents]]\nid = "a"\ntitle = "x"\nfile = "../operator/claims.toml"\n',
        '[[documents]]\nid = "a"\ntitle = "x"\nfile = "../../../../etc/passwd"\n',
        '[[documents]]\nid = "a"\ntitle = "x"\nfile = "none.md"\n',
        '[[documents]]\nid = "A b"\ntitle = "x"\nfile = "p.md"\n',
        '[[documents]]\nid = "a"\ntitle = 1\nfile = "p.md"\n',
    ],
)
async def test_a_folder_with_something_wrong_changes_nothing(scene: Scene, tmp_path: Path, rows: str) -> None:
    await stock.publish(scene.house, papers(tmp_path), by="operator")
    with pytest.raises(StockError):
        await stock.publish(scene.house, papers(tmp_path, rows=rows), by="operator")
    async with scene.house.db.transaction(TRUST) as tx:
        assert len(await store.files(tx)) == 2


async def test_papers_are_in_the_room_only_once_that_is_written_down(
    post: Posting, tmp_path: Path, owner_dsn: str
) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("revoke insert on entry from gatepost_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await stock.publish(post.house, papers(tmp_path), by="operator")
    async with post.house.db.transaction(TRUST) as tx:
        assert await store.files(tx) == []
