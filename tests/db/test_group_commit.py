"""Who shares a commit, and what becomes of each when it fails."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from gatepost.app.board import Board, commit_lasts_s
from gatepost.db import DatabaseUnavailableError, DiskError, GroupCommit, UndecidedError, group_commit


class Ledger:
    """Commits numbers, slowly; one it cannot bear fails the whole commit, as a bad row does."""

    def __init__(self, poison: int | None = None, error: type[Exception] = ValueError) -> None:
        self.batches: list[list[int]] = []
        self.committed: list[int] = []
        self.poison = poison
        self.error = error
        self.gate = asyncio.Event()
        self.gate.set()

    async def commit(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.gate.wait()
        if self.poison in numbers:
            raise self.error(str(self.poison))
        self.committed += numbers
        return [-number for number in numbers]


async def _join(commits: GroupCommit, ledger: Ledger, numbers: Sequence[int], group: str = "a") -> list[int | str]:
    """Let all come at once; return each one's result, or its error's name."""
    tasks = [commits.join(number, ledger.commit, group=group) for number in numbers]
    found = await asyncio.gather(*tasks, return_exceptions=True)
    return [type(each).__name__ if isinstance(each, BaseException) else each for each in found]


async def test_one_alone_does_not_wait_for_others() -> None:
    ledger = Ledger()
    assert await GroupCommit().join(1, ledger.commit, group="a") == -1
    assert ledger.batches == [[1]]


async def test_who_comes_while_a_commit_is_under_way_shares_the_next() -> None:
    commits, ledger = GroupCommit(), Ledger()
    ledger.gate.clear()
    first = asyncio.ensure_future(_join(commits, ledger, [1]))
    await asyncio.sleep(0.01)
    others = asyncio.ensure_future(_join(commits, ledger, [2, 3, 4]))
    await asyncio.sleep(0.01)
    ledger.gate.set()
    assert (await first, await others) == ([-1], [-2, -3, -4])
    assert ledger.batches == [[1], [2, 3, 4]]


async def test_a_commit_has_a_size_it_does_not_exceed() -> None:
    ledger = Ledger()
    assert await _join(GroupCommit(size_max=2), ledger, [1, 2, 3, 4, 5]) == [-1, -2, -3, -4, -5]
    assert ledger.batches == [[1, 2], [3, 4], [5]]


async def test_groups_share_nothing_and_take_turns() -> None:
    commits, ledger = GroupCommit(size_max=2), Ledger()
    await asyncio.gather(_join(commits, ledger, [1, 2, 3, 4], group="a"), _join(commits, ledger, [8, 9], group="b"))
    assert ledger.batches == [[1, 2], [8, 9], [3, 4]]


async def test_a_commit_waits_for_company_where_it_may() -> None:
    commits, ledger = GroupCommit(pause_s=0.2), Ledger()
    first = asyncio.ensure_future(_join(commits, ledger, [1]))
    await asyncio.sleep(0.05)
    others = await _join(commits, ledger, [2, 3])
    assert (await first, others, ledger.batches) == ([-1], [-2, -3], [[1, 2, 3]])
    await commits.close()
    assert await commits.join(4, ledger.commit, group="a") == -4


async def test_a_crowd_waits_for_more_of_it() -> None:
    commits, ledger = GroupCommit(crowd_s=0.2), Ledger()
    first = asyncio.ensure_future(_join(commits, ledger, [1, 2, 3]))
    await asyncio.sleep(0.05)
    others = await _join(commits, ledger, [4, 5])
    assert (await first, others, ledger.batches) == ([-1, -2, -3], [-4, -5], [[1, 2, 3, 4, 5]])


async def test_fewer_than_a_crowd_do_not_wait() -> None:
    commits, ledger = GroupCommit(crowd_s=60), Ledger()
    assert await asyncio.wait_for(_join(commits, ledger, [1, 2]), 30) == [-1, -2]
    several = asyncio.gather(_join(commits, ledger, [3, 4]), _join(commits, ledger, [8], group="b"))
    found = await asyncio.wait_for(several, 30)  # three, but not of one commit
    assert list(found) == [[-3, -4], [-8]]


async def test_a_crowd_that_must_go_one_after_the_other_waits_for_nobody() -> None:
    commits, ledger = GroupCommit(crowd_s=0.2), Ledger()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(commits.join(number, ledger.commit, group="a", apart="x") for number in range(20)))
    assert len(ledger.batches) == 20
    assert asyncio.get_running_loop().time() - began < 1.0  # one pause before anybody knew, and not twenty


async def test_nor_do_others_that_come_beside_such_a_crowd() -> None:
    commits, ledger = GroupCommit(crowd_s=0.2), Ledger()

    async def come_singly() -> None:
        for number in range(100, 110):
            await commits.join(number, ledger.commit, group="b")

    began = asyncio.get_running_loop().time()
    crowd = (commits.join(number, ledger.commit, group="a", apart="x") for number in range(20))
    await asyncio.gather(*crowd, come_singly())
    assert asyncio.get_running_loop().time() - began < 1.0


async def test_a_commit_that_is_full_does_not_wait() -> None:
    commits, ledger = GroupCommit(size_max=4, crowd_s=60), Ledger()
    assert await asyncio.wait_for(_join(commits, ledger, [1, 2, 3, 4]), 30) == [-1, -2, -3, -4]


def _set_out(commits: GroupCommit, count: int, group: str = "a") -> ExitStack:
    """Let so many be on their way."""
    coming = ExitStack()
    for _ in range(count):
        coming.enter_context(commits.coming(group))
    return coming


def _long_ago() -> float:
    return asyncio.get_running_loop().time() - 3600


async def test_what_took_long_waits_for_a_crowd_that_is_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PATIENT_MAX_S", 0.2)
    commits, ledger = GroupCommit(), Ledger()
    with _set_out(commits, 3):
        first = asyncio.ensure_future(commits.join(1, ledger.commit, group="a", since=_long_ago()))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(commits.join(2, ledger.commit, group="a", since=_long_ago()))
        await asyncio.sleep(0.05)
        assert not ledger.batches
        assert (await first, await second, ledger.batches) == (-1, -2, [[1, 2]])


async def test_nobody_in_a_hurry_waits_for_those_who_are_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PATIENT_MAX_S", 60)
    commits, ledger = GroupCommit(), Ledger()
    with _set_out(commits, 3):
        patient = asyncio.ensure_future(commits.join(1, ledger.commit, group="a", since=_long_ago()))
        await asyncio.sleep(0.05)
        quick = commits.join(2, ledger.commit, group="a", since=asyncio.get_running_loop().time())
        assert await asyncio.wait_for(quick, 30) == -2
    assert (await patient, ledger.batches) == (-1, [[1, 2]])


async def test_nobody_waits_for_a_crowd_that_is_none_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PATIENT_MAX_S", 60)
    commits, ledger = GroupCommit(), Ledger()
    coming = _set_out(commits, 3)
    with coming, _set_out(commits, 5, group="b"):
        waiting = asyncio.ensure_future(commits.join(1, ledger.commit, group="a", since=_long_ago()))
        await asyncio.sleep(0.05)
        assert not ledger.batches
        coming.close()
        assert await asyncio.wait_for(waiting, 30) == -1
        assert await asyncio.wait_for(commits.join(2, ledger.commit, group="a", since=_long_ago()), 30) == -2


async def test_patience_ends_where_the_commit_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PATIENT_MAX_S", 60)
    commits, ledger = GroupCommit(size_max=2), Ledger()
    with _set_out(commits, 3):
        both = (commits.join(number, ledger.commit, group="a", since=_long_ago()) for number in (1, 2))
        assert await asyncio.wait_for(asyncio.gather(*both), 30) == [-1, -2]
    assert ledger.batches == [[1, 2]]


async def test_many_groups_share_one_pause() -> None:
    commits, ledger = GroupCommit(pause_s=0.2), Ledger()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(_join(commits, ledger, [number], group=str(number)) for number in range(20)))
    assert len(ledger.batches) == 20
    assert asyncio.get_running_loop().time() - began < 1.0  # and not twenty pauses


async def test_what_has_a_mark_in_common_goes_one_after_the_other_and_in_order() -> None:
    commits, ledger = GroupCommit(), Ledger()
    marked = {1: "x", 2: "", 3: "xy", 4: "y", 5: "z"}
    await asyncio.gather(
        *(commits.join(number, ledger.commit, group="a", apart=marks) for number, marks in marked.items())
    )
    assert ledger.batches == [[1, 2, 5], [3], [4]]


async def test_a_crowd_that_must_go_one_after_the_other_keeps_nobody_else_waiting() -> None:
    commits, ledger = GroupCommit(size_max=2), Ledger()
    alike = [commits.join(number, ledger.commit, group="a", apart={"large"}) for number in range(5)]
    await asyncio.gather(*alike, commits.join(5, ledger.commit, group="a"))
    assert ledger.batches == [[0, 5], [1], [2], [3], [4]]


@pytest.mark.parametrize("place", range(5))
async def test_a_bad_one_in_any_place_fails_alone(place: int) -> None:
    ledger = Ledger(poison=place)
    found = await _join(GroupCommit(), ledger, range(5))
    assert found == ["ValueError" if number == place else -number for number in range(5)]
    assert ledger.committed == [number for number in range(5) if number != place]


@pytest.mark.parametrize("error", [DatabaseUnavailableError, UndecidedError])
async def test_a_commit_that_failed_whole_or_nobody_knows_the_end_of_is_not_tried_again(error: type[Exception]) -> None:
    ledger = Ledger(poison=2, error=error)
    assert await _join(GroupCommit(), ledger, [1, 2, 3]) == [error.__name__] * 3
    assert ledger.batches == [[1, 2, 3]]


async def test_who_gives_up_before_its_turn_is_left_out_and_after_it_committed() -> None:
    commits, ledger = GroupCommit(), Ledger()
    ledger.gate.clear()
    under_way = asyncio.ensure_future(commits.join(1, ledger.commit, group="a"))
    beside = asyncio.ensure_future(commits.join(2, ledger.commit, group="a"))
    await asyncio.sleep(0.01)
    waiting = asyncio.ensure_future(commits.join(3, ledger.commit, group="a"))
    await asyncio.sleep(0.01)
    under_way.cancel()
    waiting.cancel()
    await asyncio.sleep(0.01)
    ledger.gate.set()
    assert await beside == -2
    await commits.close()
    assert ledger.committed == [1, 2]
    assert under_way.cancelled()
    assert waiting.cancelled()


async def test_a_commit_that_forgets_a_result_leaves_nobody_waiting() -> None:
    async def forgetful(numbers: Sequence[int]) -> list[int]:
        return [0 for _ in numbers][1:]

    commits = GroupCommit()
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(commits.join(n, forgetful, group="a") for n in (1, 2)), return_exceptions=True)
    assert [type(each) for each in found] == [RuntimeError, RuntimeError]
    assert await commits.join(1, Ledger().commit, group="a") == -1


async def test_closing_waits_for_what_is_under_way() -> None:
    commits, ledger = GroupCommit(), Ledger()
    await commits.close()
    joined = asyncio.ensure_future(commits.join(1, ledger.commit, group="a"))
    await asyncio.sleep(0)
    await commits.close()
    assert joined.done()
    assert await joined == -1


async def test_what_the_disk_refused_of_one_is_tried_with_each_of_the_others() -> None:
    ledger = Ledger(poison=2, error=DiskError)
    assert await _join(GroupCommit(), ledger, [1, 2, 3]) == [-1, "DiskError", -3]
    assert ledger.committed == [1, 3]


@pytest.mark.parametrize("error", [None, ValueError, DatabaseUnavailableError])
async def test_whoever_counts_knows_that_a_commit_is_under_way(error: type[Exception] | None) -> None:
    board = Board()
    ledger = Ledger() if error is None else Ledger(poison=1, error=error)
    ledger.gate.clear()
    joining = asyncio.ensure_future(_join(GroupCommit(meters=board), ledger, [1]))
    while not ledger.batches:  # noqa: ASYNC110  # it waits at the gate, and says so to nobody
        await asyncio.sleep(0)
    assert commit_lasts_s([board.values()]) > 0
    ledger.gate.set()
    await joining
    await asyncio.sleep(0)
    assert commit_lasts_s([board.values()]) == 0
