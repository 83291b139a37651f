import json
from pathlib import Path

from cli.process import Process
from gatepost.cli.room import DAYS_MAX


def test_papers_are_published_and_nobody_is_let_in_that_never_asked(house: Process, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    missing = house.run("trust", "room", "publish", str(papers))
    assert missing.returncode != 0
    assert "nda.md" in missing.stderr
    (papers / "room.toml").write_text('[[documents]]\nid = "one"\ntitle = "One"\nfile = "one.txt"\n')
    (papers / "nda.md").write_text("Keep it so.\n")
    (papers / "one.txt").write_text("Secret.\n")
    assert "1 paper lies" in house.run("trust", "room", "publish", str(papers)).stdout
    published = json.loads(house.run("log", "search", "--action", "room.published", "--json").stdout)
    assert published, "what is published is in the record"
    assert json.loads(house.run("trust", "room", "list", "--json").stdout) == []
    assert json.loads(house.run("trust", "room", "views", "--json").stdout) == []
    refused = house.run("trust", "room", "approve", "rg_none")
    assert refused.returncode != 0
    assert "room list" in refused.stderr
    assert house.run("trust", "room", "approve", "rg_none", "--days", str(DAYS_MAX + 1)).returncode == 2
