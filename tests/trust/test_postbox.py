"""Mail in the operator's name."""

from dataclasses import replace
from email import message_from_bytes

from gatepost.app import administer
from gatepost.deliver.paper import AttemptResult
from gatepost.mail.address import Address
from gatepost.trust import postbox, read_operator
from gatepost.trust.postbox import Words
from outbound import NOW
from trust.posting import DOMAIN, OWN, Posting

TO = Address("reader", "example.org")
WORDS = Words(name="one", subject="Übung", text="Hello.\nWorld.\n", leave_url="https://house.test/leave/x")


def test_unsubscription_fields_stand_where_there_is_something_to_end() -> None:
    author = Address("support", DOMAIN)
    raw = postbox.written(WORDS, author=author, to=TO, message_id="x@y", at=NOW)
    mail = message_from_bytes(raw)
    assert mail["list-unsubscribe"].strip() == "<https://house.test/leave/x>"
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert mail["auto-submitted"] == "auto-generated"
    bare = postbox.written(replace(WORDS, leave_url=""), author=author, to=TO, message_id="x@y", at=NOW)
    assert b"List-Unsubscribe" not in bare


async def test_the_mail_is_signed_with_the_unsubscription_fields(post: Posting) -> None:
    author = postbox.author_of(read_operator(post.folder))
    assert str(author) == f"support@{DOMAIN}"
    tried = await postbox.post(post.house, author, TO, WORDS)
    assert tried.result is AttemptResult.ACCEPTED
    (mail,) = post.mails()
    signed = "".join(str(mail["dkim-signature"]).split())
    assert f"d={DOMAIN};" in signed
    assert "list-unsubscribe:" in signed
    assert "list-unsubscribe-post:" in signed


async def test_nothing_leaves_unsigned(post: Posting) -> None:
    await administer.remove_domain(post.house, OWN, DOMAIN)
    tried = await postbox.post(post.house, Address("support", DOMAIN), TO, WORDS)
    assert (tried.result, tried.reason) == (AttemptResult.DEFERRED, "signing.no_key")
    assert post.sink.mails == []
