"""What is kept holds for as long as DNS says the same, and no longer."""

import pytest

from gatepost.dns.paper import RdType
from gatepost.verify import kept
from gatepost.verify.answers import Answers, UnansweredError
from gatepost.verify.kept import Kept
from verify.arrivals import Cache
from zones import ZoneResolver


def _read(known: Answers, name: str) -> list[str]:
    return list(known.get(name, RdType.TXT).records)


def test_the_same_answers_give_the_very_same_finding() -> None:
    cache, memory = Cache(), Kept[str, list[str]]()
    cache.publish("a.example", "TXT", "one")
    first = memory.find(Answers(cache), "a.example", _read)
    assert memory.find(Answers(cache), "a.example", _read) is first


def test_another_answer_is_worked_out_anew() -> None:
    cache, memory = Cache(), Kept[str, list[str]]()
    cache.publish("a.example", "TXT", "one")
    memory.find(Answers(cache), "a.example", _read)
    cache.publish("a.example", "TXT", "two")
    assert memory.find(Answers(cache), "a.example", _read) == ["two"]


def test_what_lacks_an_answer_is_not_kept() -> None:
    memory = Kept[str, list[str]]()
    with pytest.raises(UnansweredError):
        memory.find(Answers(ZoneResolver({})), "a.example", _read)
    assert len(memory) == 0


def test_what_is_kept_is_bounded() -> None:
    cache, memory = Cache(), Kept[str, list[str]]()
    for number in range(kept.MAX_KEPT + 10):
        memory.find(Answers(cache), f"n{number}.example", _read)
    assert len(memory) == kept.MAX_KEPT


def test_what_stands_on_large_answers_is_not_kept() -> None:
    """The cache of DNS lets go of them; a finding that is kept would hold them for ever."""
    cache, memory = Cache(), Kept[str, list[str]]()
    cache.publish("a.example", "TXT", "x" * kept.MAX_OCTETS)
    found = memory.find(Answers(cache), "a.example", _read)
    assert found == memory.find(Answers(cache), "a.example", _read)
    assert len(memory) == 0
