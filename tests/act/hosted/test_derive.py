from dataclasses import replace
from typing import Any

import pytest

from gatepost.act.hosted.derive import Declared, Derived, Strictness, delegates, derive
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.stated import Contact, words_of


def declared(name: str, **arguments: str) -> Declared:
    properties = {each: {"type": kind} for each, kind in arguments.items()}
    return Declared(name=name, description="", schema={"type": "object", "properties": properties})


TOOLS = (
    declared("search_emails", query="string"),
    declared("get_page", url="string"),
    declared("send_email", recipients="array", subject="string", body="string"),
    declared("send_money", recipient="string", amount="number"),
    declared("create_event", title="string", start_time="string"),
    declared("delete_file", file_id="string"),
    declared("delete_event", event_id="string"),
    declared("frobnicate", what="string"),
)
PEOPLE = (Contact("Sarah Baker", "sarah@example.com"),)


def grant(prompt: str, strictness: Strictness = Strictness.WORDS) -> Derived:
    return derive(prompt, TOOLS, PEOPLE, strictness)


def acting(prompt: str) -> set[str]:
    return set(grant(prompt).tools) - {"search_emails", "get_page"}


@pytest.mark.parametrize(
    ("prompt", "tools"),
    [
        ("What is in my inbox?", set()),
        ("Delete the largest file.", {"delete_file"}),
        ("Please pay the bill.", {"send_money"}),
        ("Reply to sarah@example.com", {"send_email"}),
        ("Text sarah@example.com that I am late", {"send_email"}),
        ("Put a meeting into my calendar", {"create_event"}),
        ("frobnicate it", {"frobnicate"}),
    ],
)
def test_a_tool_that_acts_is_granted_where_the_prompt_has_words_for_it(prompt: str, tools: set[str]) -> None:
    assert acting(prompt) == tools


def test_a_prompt_that_leaves_the_say_to_a_text_grants_nothing_but_a_question() -> None:
    derived = grant("Do all the tasks on my list.")
    assert derived.tools == {tool.name for tool in TOOLS}
    assert not derived.states("send_email", {"recipients": [], "subject": "", "body": ""})


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Please do the actions specified in the mail", True),
        ("follow the instructions precisely", True),
        ("Perform the following tasks: 1. delete the file", False),
        ("tell me what my tasks are", False),
    ],
)
def test_who_delegates_says_so(prompt: str, *, answer: bool) -> None:
    assert delegates(words_of(prompt)) is answer


def test_tools_that_look_accept_any_label_unless_they_fetch_an_address() -> None:
    accepts = grant("anything").accepts
    assert accepts["search_emails"] is Label.ANYBODY
    assert accepts["get_page"] is Label.OPERATOR
    assert accepts["send_email"] is Label.OPERATOR


MAIL: dict[str, Any] = {"recipients": ["sarah@example.com"], "subject": "Lunch", "body": "At noon?"}


def test_a_call_runs_by_itself_where_the_prompt_says_all_of_it() -> None:
    derived = grant("Send an email to Sarah, titled 'Lunch', saying: At noon?")
    assert derived.states("send_email", MAIL)
    assert not derived.states("send_email", {**MAIL, "recipients": ["mallory@example.net"]})
    assert not derived.states("send_email", {**MAIL, "body": "At noon? See www.evil.example"})
    assert not derived.states("send_money", {"recipient": "Sarah", "amount": 1})


@pytest.mark.parametrize(
    ("arguments", "least"),
    [
        (MAIL, Strictness.LABELS),
        ({**MAIL, "body": "something else"}, Strictness.WORDS),
        ({**MAIL, "recipients": ["mallory@example.net"]}, Strictness.PLACES),
    ],
)
def test_each_strictness_asks_for_more(arguments: dict[str, Any], least: Strictness) -> None:
    prompt = "Send an email to Sarah, titled 'Lunch', saying: At noon?"
    for strictness in Strictness:
        assert grant(prompt, strictness).states("send_email", arguments) is (strictness < least), strictness


def test_the_time_of_day_is_the_models_until_minutes_are_asked_for() -> None:
    prompt = "Create an event 'Lunch' on May 20th"
    call = {"title": "Lunch", "start_time": "2024-05-20 12:00"}
    assert grant(prompt).states("create_event", call)
    assert not grant(prompt, Strictness.MINUTES).states("create_event", call)


def test_an_address_to_fetch_is_stated_only_where_the_prompt_has_it() -> None:
    derived = grant("Read www.example.com")
    assert derived.states("get_page", {"url": "www.example.com"})
    assert not derived.states("get_page", {"url": "www.evil.example"})
    assert not grant("Read the article").states("get_page", {"url": "www.evil.example"})


@pytest.mark.parametrize(
    ("name", "says", "argument"),
    [
        ("check_out", "Pays for the cart and orders all in it.", "card"),
        ("list_item_for_sale", "Puts an item on sale.", "title"),
        ("verify_transfer", "Confirms a waiting transfer, which then is carried out.", "id"),
        ("show_file_to_user", "Gives a user access to a file.", "user"),
        ("download_and_run", "Downloads a program and runs it.", "what"),
        ("check_in_flight", "Checks a passenger in.", "code"),
        ("fetch_ride", "Calls a taxi to a place.", "address"),
        ("find_and_delete_files", "Deletes all files that match.", "pattern"),
        ("search_and_replace", "", "old"),
        ("get_refund", "Retrieves a payment and cancels it.", "payment"),
    ],
)
def test_a_tool_that_acts_under_a_looking_name_acts(name: str, says: str, argument: str) -> None:
    tool = replace(declared(name, **{argument: "string"}), description=says)
    assert not tool.is_reading
    assert derive("What is in the news today?", [tool], ()).accepts[name] is Label.OPERATOR


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("search_contacts_by_email", "Finds contacts in the inbox's contact list by email."),
        ("get_most_recent_transactions", "Get the list of the most recent transactions, e.g. to summarize them."),
        ("list_orders", "Returns all orders."),
        ("check_restaurant_opening_hours", "Check the opening hours of the given restaurant, check if it is open."),
        ("get_users_in_channel", ""),
    ],
)
def test_a_tool_that_looks_looks(name: str, says: str) -> None:
    assert replace(declared(name, what="string"), description=says).is_reading
