from gatepost.verify.reading.html_allowance import _LENT, MAX_PAIRS, MAX_STEPS, Allowance


def test_more_is_lent_than_is_wanted_but_never_more_than_is_left() -> None:
    allowance = Allowance()
    assert allowance.lend(1, 10 * _LENT) == _LENT
    assert allowance.lend(5 * _LENT, 2 * _LENT) == 2 * _LENT
    assert allowance.lend(MAX_STEPS, MAX_STEPS) == MAX_STEPS - 3 * _LENT
    assert allowance.lend(1, MAX_STEPS) == 0


def test_documents_share_what_words_and_boxes_may_be_compared() -> None:
    allowance = Allowance()
    assert allowance.share(0, 7, 100) == 7
    assert allowance.share(10, 7, 50) == 5
    assert allowance.pairs == MAX_PAIRS - 50
    allowance.share(1, MAX_PAIRS, MAX_PAIRS)
    assert allowance.share(1, 7, 100) == 0
