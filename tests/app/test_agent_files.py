from pathlib import Path

import pytest

from gatepost.app.agent_files import readable, writable
from gatepost.settings import AgentSettings, BlobSettings, Settings

TOOLS = """
[[http]]
name = "order"
description = "Orders."
url = "https://erp.example.com/orders"
token_file = "/etc/erp/token"
[http.parameters]
type = "object"
"""


def test_the_folders_of_the_operators_files_are_open_and_not_their_siblings(tmp_path: Path) -> None:
    (tmp_path / "declared").mkdir()
    (tmp_path / "declared" / "tools.toml").write_text(TOOLS)
    settings = Settings(
        state=tmp_path / "state",
        agents=AgentSettings(tools=str(tmp_path / "declared" / "tools.toml"), prices="prices.toml"),
    )
    found = readable(settings, f"passfile={tmp_path}/pgpass")
    assert {tmp_path / "declared", tmp_path / "state", Path("/etc/erp"), Path.cwd(), tmp_path / "pgpass"} <= {*found}
    assert not {tmp_path, Path("/etc"), Path("/"), Path("/proc"), Path("/tmp"), Path("/home"), Path.home()} & {*found}  # noqa: S108  # not opened


@pytest.mark.parametrize(
    ("url", "bodies"),
    [("", ["state/blobs"]), ("file://{}/far/bodies", ["far/bodies"]), ("s3://bodies", [])],
)
def test_bodies_are_written_where_they_lie_and_their_folder_is_there_before_the_first(
    url: str, bodies: list[str], tmp_path: Path
) -> None:
    settings = Settings(state=tmp_path / "state", blobs=BlobSettings(url=url.format(tmp_path)))
    found = writable(settings)
    assert found == [tmp_path / "state" / "keys", Path("/dev/null"), *(tmp_path / each for each in bodies)]
    assert all(each.is_dir() for each in found[2:])
