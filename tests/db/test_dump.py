import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gatepost.db.dump import dump, holds_house, restored
from gatepost.db.home import home_for
from gatepost.db.launcher import OWNER, Cluster, LauncherError, find_binaries
from gatepost.db.migrate import migrate


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="gatepost-dump-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        home = home_for(Path(folder))
        made = Cluster(home, find_binaries(home))
        made.start()
        yield made
        made.stop()


def run(cluster: Cluster, query: bytes) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.dsn(OWNER)) as connection:
        done = connection.execute(query)
        return done.fetchall() if done.description else []


def test_a_dump_takes_the_place_of_the_database_once_all_of_it_is_there(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "house.dump"
    assert not holds_house(cluster)
    migrate(cluster.dsn(OWNER))
    assert not holds_house(cluster)
    run(cluster, b"insert into tenant (tenant, sealed, plan, created_at) values ('tn_a', 'x', 'free', now())")
    assert holds_house(cluster)
    file.write_text("an older one")
    assert dump(cluster, file) == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    run(cluster, b"delete from tenant")
    with pytest.raises(RuntimeError), restored(cluster, file):
        raise RuntimeError("a newer release's")
    assert not holds_house(cluster)
    with restored(cluster, file):
        assert not holds_house(cluster)
    assert run(cluster, b"select tenant from tenant") == [("tn_a",)]
    [(owner,)] = run(cluster, b"select proowner::regrole::text from pg_proc where proname = 'lookup_any_domain'")
    assert owner == "gatepost_lookup"
    assert run(cluster, b"select count(*) from pg_database where datname like 'gatepost%'") == [(1,)]


def test_half_a_dump_changes_nothing_and_no_draft_stays(cluster: Cluster, tmp_path: Path) -> None:
    half = tmp_path / "half.dump"
    half.write_bytes(b"PGDMP")
    with pytest.raises(LauncherError, match="pg_restore failed"), restored(cluster, half):
        pass
    assert run(cluster, b"select count(*) from pg_database where datname like 'gatepost%'") == [(1,)]
    cluster.stop()
    with pytest.raises(LauncherError, match="pg_dump failed"):
        dump(cluster, tmp_path / "house.dump")
    assert [each.name for each in tmp_path.iterdir()] == ["half.dump"]
