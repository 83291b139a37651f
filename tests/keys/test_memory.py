from gatepost.keys.memory import Memory


def test_what_was_used_last_stays() -> None:
    memory: Memory[str, int] = Memory(2)
    assert memory.put("one", 1) == 1
    memory.put("two", 2)
    assert memory.get("one") == 1
    memory.put("three", 3)
    assert [memory.get(name) for name in ("one", "two", "three")] == [1, None, 3]


def test_all_of_it_can_be_forgotten() -> None:
    memory: Memory[str, int] = Memory(2)
    memory.put("one", 1)
    memory.clear()
    assert memory.get("one") is None
