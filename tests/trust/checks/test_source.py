import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from gatepost.trust import Outcome, git
from gatepost.trust.checks import machine, source
from gatepost.trust.operator import digest_of
from gatepost.trust.paper import CannotVerifyError, Finding
from trust.scene import Scene

WHO = ("-c", "user.name=Nobody", "-c", "user.email=nobody@house.test", "-c", "commit.gpgsign=false")
ONE = {"one.md": b"one"}


async def commit(folder: Path, *arguments: str) -> str:
    """Return the commit that holds the folder as it is now."""
    await git.ask(folder, "add", ".")
    await git.ask(folder, *WHO, "commit", "-qm", "one", *arguments)
    return await git.ask(folder, "rev-parse", "HEAD")


def _given_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 4321, 4321)


def _by_another(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Ask for the newest commit as an account that may read it and owns nothing of it."""
    folder.parent.chmod(0o755)
    asked = ["setpriv", "--reuid=4321", "--clear-groups", "git", *options, "-C", str(folder), "rev-parse", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  # our own words


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """One text in a repository of its own, not committed yet."""
    place = tmp_path / "operator"
    place.mkdir()
    await git.ask(place, "init", "--quiet")
    for name, octets in ONE.items():
        (place / name).write_bytes(octets)
    return place


async def seen(folder: Path, *stated: str, files: dict[str, bytes] = ONE) -> Finding:
    return await source.committed(source.Committed(folder, digest_of(files), frozenset(stated)))


async def test_a_folder_is_its_source_once_it_is_committed_and_as_long_as_its_commits_are_there(folder: Path) -> None:
    with pytest.raises(CannotVerifyError, match=r"git\.unanswered"):
        await seen(folder)  # a repository without a commit
    first = await commit(folder)
    assert (await seen(folder, first)).value == {"commit": first, "revisions_in_history": 1}
    second = await commit(folder, "--allow-empty")
    assert (await seen(folder, first, second)).outcome is Outcome.PASS
    await commit(folder, "--amend", "--allow-empty", "-m", "another")
    assert (await seen(folder, first, second)).value == {"commits_gone": 1, "of": 2}


async def test_a_file_that_git_was_told_to_overlook_is_a_change(folder: Path) -> None:
    (folder / ".gitignore").write_text("two.md\n")
    await commit(folder)
    assert (await seen(folder)).outcome is Outcome.PASS
    (folder / "two.md").write_text("two")
    assert (await seen(folder, files={**ONE, "two.md": b"two"})).reason == "folder.changed"
    await git.ask(folder, "update-index", "--skip-worktree", "one.md")
    (folder / "one.md").write_text("another")
    assert await git.commit_of(folder)  # git sees no change
    assert (await seen(folder, files={"one.md": b"another"})).reason == "folder.changed"


async def test_a_shallow_copy_accuses_nobody(folder: Path, tmp_path: Path) -> None:
    first = await commit(folder)
    await commit(folder, "--allow-empty")
    await git.ask(tmp_path, "clone", "--quiet", "--depth=1", folder.as_uri(), "copy")
    assert (await seen(tmp_path / "copy", first)).reason == "git.shallow"


async def test_outside_git_the_reason_says_so_and_a_history_nobody_read_is_no_pass(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("one")
    with pytest.raises(CannotVerifyError, match=r"git\.no_repository"):
        await seen(tmp_path)
    found = await machine.planted(machine.Source((tmp_path,), tmp_path, ()))
    assert (found.outcome, found.reason) == (Outcome.COULD_NOT_VERIFY, "git.no_repository")
    await git.ask(tmp_path, "init", "--quiet")
    assert await git.untold(tmp_path) == "git.untracked"
    await commit(tmp_path)
    assert (await machine.planted(machine.Source((tmp_path,), tmp_path, ()))).outcome is Outcome.PASS


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away takes root")
async def test_a_repository_of_somebody_elses_is_not_read_and_the_reason_says_so(folder: Path) -> None:
    await commit(folder)
    _given_away(folder)
    assert await git.untold(folder) == "git.owned_by_another"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="becoming another takes root")
async def test_a_repository_of_roots_is_read_by_the_account_that_serves(folder: Path) -> None:
    top = await commit(folder)
    with tempfile.TemporaryDirectory(prefix="gatepost-test-") as place:
        copy = shutil.copytree(folder, Path(place) / "operator")
        assert "dubious ownership" in _by_another(copy).stderr
        assert _by_another(copy, *git._trusting(copy)).stdout.strip() == top


async def test_the_commits_that_the_log_states_are_what_history_is_held_to(scene: Scene) -> None:
    await git.ask(scene.folder, "init", "--quiet")
    top = await commit(scene.folder)
    await scene.engine().round()
    target = await source.folder(scene.world(scene.operator()), {})
    assert target == source.Committed(scene.folder, scene.operator().digest, frozenset({top}))
    assert (await source.committed(target)).outcome is Outcome.PASS
