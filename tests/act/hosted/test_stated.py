import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.act.hosted.stated import Contact, Stated, words_of

CONTACTS = (
    Contact("Sarah Baker", "sarah.baker@example.com"),
    Contact("Mark Davies", "mark@example.com"),
    Contact("Mark Roberts", "mark@example.net"),
    Contact("Client", "client@example.org"),
)


def test_a_text_is_said_as_consecutive_words_whatever_marks_stand_around_them() -> None:
    stated = Stated("Please post 'Hi, I am a bot' to (general).")
    assert stated.says("Hi, I am a bot")
    assert stated.says("General")
    assert not stated.says("bot general")
    assert not stated.says("Hi, I am a bot, see www.evil.example")


def test_a_part_of_a_word_is_not_said() -> None:
    stated = Stated("write to john.doe@client.example")
    assert not stated.says("doe@client.example")
    assert not stated.says("john.doe@client.example.evil.example")


@pytest.mark.parametrize(
    ("prompt", "address", "is_said"),
    [
        ("write to Sarah Baker", "sarah.baker@example.com", True),
        ("have lunch with Sarah", "sarah.baker@example.com", True),
        ("write to Mark", "mark@example.com", False),
        ("write to Mark Davies", "mark@example.com", True),
        ("write to Mark Davies", "mark@example.net", False),
        ("tell the client", "client@example.org", True),
        ("tell nobody", "client@example.org", False),
    ],
)
def test_a_contacts_address_is_said_by_a_name_only_one_of_them_has(prompt: str, address: str, *, is_said: bool) -> None:
    assert Stated(prompt, CONTACTS).says([address]) is is_said


def test_a_number_is_said_as_a_number() -> None:
    stated = Stated("rent is $2,200.00, not 13:00")
    assert stated.says(2200)
    assert not stated.says(13)
    assert not stated.says(220)


@pytest.mark.parametrize(
    ("prompt", "number", "is_amount"),
    [
        ("order 20 packs to Hauptstrasse 5.", 5, False),
        ("order 20 packs to Hauptstrasse 5.", 20, True),
        ("send 3 boxes to 12 Elm Street", 12, False),
        ("pay the rent on May 20, please", 20, False),
        ("meet in Room 7", 7, False),
        ("pay Sarah 50", 50, True),
        ("pay Giorgio $50", 50, True),
        ("pay Giorgio 50.00", 50, True),
        ("transfer 100 EUR", 100, True),
        ("Hello. Order 5 pizzas", 5, True),
        ("in Zurich, 5 pizzas", 5, True),
        ("SEND 50 TO BOB", 50, True),
    ],
)
def test_a_number_that_belongs_to_a_name_is_no_amount(prompt: str, number: int, *, is_amount: bool) -> None:
    assert Stated(prompt, CONTACTS).says(number) is is_amount
    assert Stated(prompt, CONTACTS).says(prompt)


def test_a_bare_number_identifies_nothing_unless_the_prompt_calls_it_an_id() -> None:
    assert not Stated("what happens on June 13?").identifies("13")
    assert Stated("delete the file with ID '13'").identifies("13")
    assert Stated("close #13").identifies(13)
    assert Stated("read bill-december.txt").identifies("bill-december.txt")


@pytest.mark.parametrize(
    ("prompt", "value", "is_day", "is_minute"),
    [
        ("on 2024-05-20 at 10:00", "2024-05-20 10:00", True, True),
        ("on 2024-05-20 at 10:00", "2024-05-20T11:00", True, False),
        ("from January 11th to January 15th 2025", "2025-01-15", True, True),
        ("on the 14th of November", "2023-11-14 18:00", True, False),
        ("on May 20, 2024", "2023-05-20", False, False),
        ("some day", "2024-05-20", False, False),
        ("some day", None, True, True),
        ("some day", "soon", False, False),
    ],
)
def test_a_day_is_named_in_figures_or_with_its_month(prompt: str, value: str, *, is_day: bool, is_minute: bool) -> None:
    assert Stated(prompt).dates(value, to_the_minute=False) is is_day
    assert Stated(prompt).dates(value, to_the_minute=True) is is_minute


def test_what_is_nested_too_deep_or_too_long_is_not_said() -> None:
    deep: list[object] = ["a"]
    for _ in range(5_000):
        deep = [deep]
    assert not Stated("a").says(deep)  # type: ignore[arg-type]  # JSON, only very deep
    assert not Stated("a").says(["a"] * 1_001)
    assert Stated("a").says(["a"] * 1_000)


@given(st.lists(st.text(alphabet="abc", min_size=1), min_size=1), st.data())
def test_whatever_is_said_consists_of_the_prompts_own_words(words: list[str], data: st.DataObject) -> None:
    stated = Stated(" ".join(words))
    other = data.draw(st.lists(st.text(alphabet="abcd", min_size=1), min_size=1, max_size=3))
    if stated.says(" ".join(other)):
        assert set(words_of(" ".join(other))) <= set(stated.words)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text(), _JSON)
def test_any_prompt_and_any_value_have_an_answer(prompt: str, value: object) -> None:
    stated = Stated(prompt)
    for answer in (
        stated.says(value),  # type: ignore[arg-type]  # hypothesis knows no JSON type
        stated.identifies(value),  # type: ignore[arg-type]  # as above
        stated.dates(value, to_the_minute=True),  # type: ignore[arg-type]  # as above
    ):
        assert isinstance(answer, bool)
