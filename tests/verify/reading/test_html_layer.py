"""What is under a box, realm by realm."""

from gatepost.verify.reading.html_layer import MAX_REALMS, Box, Realm, is_under


def test_next_to_nothing_may_look_out() -> None:
    page = Realm()
    assert is_under(page, (10, 10, 110, 30), 20, page, (0, 0, 200, 40))
    assert is_under(page, (10, 10, 110, 30), 20, page, (12, 14, 95, 28))
    assert not is_under(page, (10, 10, 110, 30), 20, page, (0, 18, 200, 40))
    assert not is_under(page, (10, 10, 110, 30), 20, page, (0, 0, 60, 40))


def test_a_box_outside_of_a_realm_must_lie_upon_all_of_it() -> None:
    page = Realm()
    cell = Realm(page, (0, 0, 300, 50))
    assert is_under(cell, (5, 5, 20, 20), 15, page, (0, 0, 300, 50))
    assert not is_under(cell, (5, 5, 20, 20), 15, page, (0, 0, 100, 50))
    assert not is_under(page, (5, 5, 20, 20), 15, cell, (0, 0, 300, 50)), "nobody knows where the cell stands"
    deep = page
    for _ in range(MAX_REALMS):
        deep = Realm(deep, (0, 0, 1, 1))
    assert not is_under(deep, (0, 0, 1, 1), 1, page, (0, 0, 9, 9))


def test_a_box_ends_where_its_words_or_its_height_end() -> None:
    realm = Realm()
    box = Box(realm, (), (0.0, 10.0, 100.0), width=100.0, top=10.0, down=10.0, line=20.0)
    box.bound()
    assert box.edges == (0.0, 10.0, 100.0, 30.0)
    held = Box(realm, (), (0.0, 0.0, 50.0), late=(box, 2.0, 3.0))
    held.bound()
    assert held.landed() == (0.0, 12.0, 50.0, 27.0)
