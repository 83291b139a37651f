"""The operator's folder is read once for as long as nobody touches it."""

from pathlib import Path

import pytest

from gatepost.trust.folder import Folder
from gatepost.trust.operator import OperatorError
from trust.scene import copied


def test_it_is_read_anew_when_a_file_changes_comes_or_goes(tmp_path: Path) -> None:
    place = copied(tmp_path)
    folder = Folder(place)
    first = folder.read()
    assert folder.read() is first
    text = place / "policies" / "access.md"
    text.write_text(text.read_text() + "\nOne more line.\n")
    second = folder.read()
    assert second.digest != first.digest
    (place / "new.md").write_text("A new text.\n")
    third = folder.read()
    assert third.digest != second.digest
    (place / "new.md").unlink()
    assert folder.read().digest == second.digest


def test_a_broken_folder_is_an_error_each_time_and_good_again_when_mended(tmp_path: Path) -> None:
    place = copied(tmp_path)
    folder = Folder(place)
    good = folder.read()
    claims = place / "claims.toml"
    before = claims.read_text()
    claims.write_text("[[claims")
    for _ in range(2):
        with pytest.raises(OperatorError):
            folder.read()
    claims.write_text(before)
    assert folder.read().digest == good.digest
    with pytest.raises(OperatorError):
        Folder(tmp_path / "nowhere").read()
