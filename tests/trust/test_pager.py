import base64
import hashlib
import hmac
from pathlib import Path

from gatepost.db import Database
from gatepost.mail.address import Address
from gatepost.trust import pager
from journeys.scene import open_scene
from outbound import AGENT, http_receiver, smtp_sink

THERE = Address("first", "oncall.test")


async def test_a_mail_is_signed_and_one_nobody_can_sign_is_not_sent(db: Database, tmp_path: Path) -> None:
    async with smtp_sink() as sink, open_scene(db, tmp_path, sink_port=sink.port) as scene:
        told = await pager.mail(scene.house, AGENT, THERE, name="al_one-1-0", subject="Alert", lines=("Come.",))
        assert (told.is_taken, told.result) == (True, "mail.accepted")
        assert b"DKIM-Signature" in sink.mails[0].original_content
        stranger = Address("postmaster", "elsewhere.test")
        told = await pager.mail(scene.house, stranger, THERE, name="al_one-1-1", subject="Alert", lines=())
        assert (told.is_taken, told.result, len(sink.mails)) == (False, "author.elsewhere", 1)


async def test_a_hook_is_signed_under_the_secret_that_is_shown(db: Database, tmp_path: Path) -> None:
    async with http_receiver("500 No") as receiver, open_scene(db, tmp_path) as scene:
        told = await pager.hook(scene.house, receiver.url, name="al_one-1-0", ref="al_one", said={"type": "duty.alert"})
        assert (told.is_taken, told.result) == (False, "receiver.refused")
        ((headers, body),) = receiver.requests
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = hmac.digest(bytes.fromhex(pager.secret(scene.house)), signed, hashlib.sha256)
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"
