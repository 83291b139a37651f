from pathlib import Path

from gatepost import trust
from gatepost.trust import git
from trust.scene import Scene

WHO = ("-c", "user.name=Nobody", "-c", "user.email=nobody@house.test", "-c", "commit.gpgsign=false")


async def test_a_folder_is_a_commit_only_as_it_was_committed(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("one")
    assert await git.commit_of(tmp_path) == ""
    await git.ask(tmp_path, "init", "--quiet")
    assert await git.commit_of(tmp_path) == ""
    await git.ask(tmp_path, "add", ".")
    await git.ask(tmp_path, *WHO, "commit", "-qm", "one")
    assert len(await git.commit_of(tmp_path)) == 40
    (tmp_path / "one.md").write_text("two")
    assert await git.commit_of(tmp_path) == ""


async def test_a_revision_is_bound_to_its_commit_as_soon_as_there_is_one(scene: Scene) -> None:
    await scene.engine().round()
    await git.ask(scene.folder, "init", "--quiet")
    await git.ask(scene.folder, "add", ".")
    await git.ask(scene.folder, *WHO, "commit", "-qm", "one")
    for _ in range(2):
        await scene.engine().round()
    revisions = await trust.read_revisions(scene.house)
    assert [bool(each.detail["commit"]) for each in revisions] == [True, False]
    assert revisions[0].detail["commit"] == await git.commit_of(scene.folder)
