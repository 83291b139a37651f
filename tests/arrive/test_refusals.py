from gatepost.arrive.refusals import Refusal

STANDING = [
    "address.needs_smtputf8",
    "house.empty",
    "house.unsettled",
    "limit.connections",
    "limit.errors",
    "limit.time",
    "limit.transactions",
    "line.bare_cr",
    "line.bare_lf",
    "line.nul",
    "line.too_long",
    "policy.unreadable",
    "recipient.malformed",
    "recipient.other_policy",
    "recipient.too_many",
    "recipient.unknown",
    "recipient.unsettled",
    "relay.denied",
    "sender.malformed",
    "size.exceeded",
]


def test_the_list_only_grows() -> None:
    assert sorted(Refusal) == STANDING
