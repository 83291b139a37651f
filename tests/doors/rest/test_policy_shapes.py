import jsonschema_rs
import mailbuttons
import pytest
from pydantic import TypeAdapter, ValidationError

from gatepost.decide.grammar import schema
from gatepost.doors.rest.policy_shapes import EXAMPLE, PolicyDocument, PolicyShown

DESCRIBED = jsonschema_rs.validator_for(schema())


def test_the_example_is_a_policy_in_both_languages() -> None:
    DESCRIBED.validate(EXAMPLE)
    mailbuttons.MailPolicy.model_validate(EXAMPLE)


def test_what_the_peers_sdk_sends_fits_the_description() -> None:
    sent = mailbuttons.MailPolicy.model_validate(EXAMPLE).model_dump(mode="json", by_alias=True)
    DESCRIBED.validate(sent)


def test_the_document_itself_passes_through_unread() -> None:
    odd = {"defaultAction": "explode", "senders": 7, "unheard": [None]}
    assert TypeAdapter(PolicyDocument).validate_python(odd) == odd
    assert not DESCRIBED.is_valid(odd)


def nested(depth: int) -> dict[str, object]:
    document: dict[str, object] = {}
    for _ in range(depth - 1):
        document = {"a": document}
    return document


@pytest.mark.parametrize(
    "document",
    [
        {"senders": [{"match": {"address": "a\x00@example.com"}}]},
        {"a\ud800": 1},
        {"auditLog": {"retentionDays": float("nan")}},
        {"auditLog": {"retentionDays": float("-inf")}},
        nested(17),
    ],
)
def test_a_document_that_no_store_could_keep_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PolicyDocument).validate_python(document)


def test_sixteen_levels_are_deep_enough() -> None:
    assert TypeAdapter(PolicyDocument).validate_python(nested(16)) == nested(16)


def test_the_answer_is_camel_case_and_the_peers_sdk_reads_it() -> None:
    shown = PolicyShown(mailbox_id=7, version=2, policy=EXAMPLE, warnings=[])
    wire = shown.model_dump(mode="json", by_alias=True)
    assert set(wire) == {"mailboxId", "version", "policy", "warnings"}
    assert mailbuttons.PolicyResponse.model_validate(wire).policy.senders[0].match.require_dkim is True
