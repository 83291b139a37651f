"""Secrets are known by their form, or by the words before them and by looking drawn by lot.

Keys here are drawn when the test runs: none of them was ever one.
"""

import base64
import json
import random
import string
import textwrap
import time

import pytest

from gatepost.decide.credentials import bits_per_character, has_credential

LOT = random.Random(20_261_121)  # reproducible, and no secret
LETTERS = string.ascii_letters + string.digits


def drawn(size: int, letters: str = LETTERS) -> str:
    return "".join(LOT.choice(letters) for _ in range(size))


def pem(kind: str = "RSA PRIVATE KEY") -> str:
    body = base64.b64encode(LOT.randbytes(300)).decode()
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


FORMS = {
    "aws": "AKIA" + drawn(16, string.ascii_uppercase + string.digits),
    "github": "ghp_" + drawn(36),
    "github fine-grained": "github_pat_" + drawn(60),
    "gitlab": "glpat-" + drawn(20),
    "slack": "xoxb-" + drawn(40),
    "google": "AIza" + drawn(35),
    "stripe": "sk_live_" + drawn(24),
    "anthropic": "sk-ant-" + drawn(60),
    "jwt": f"eyJ{drawn(20)}.eyJ{drawn(40)}.{drawn(43)}",
    "ours": f"gp_{drawn(16, string.ascii_lowercase)}_{drawn(43)}",
    "pem": pem(),
    "openssh": pem("OPENSSH PRIVATE KEY"),
    "url": f"postgres://app:{drawn(12)}@db.example.com/app",
    "password": "password: kX9#mQ2v",
    "short password": "Password: hunter2",
    "quoted": 'api_key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"',
    "sentence": "The password is Tr0ub4dor&3.",
    "german": "Passwort: Kx7-mQ2v-9TzP",
    "bearer": "Authorization: Bearer " + drawn(40),
    "markdown": "**Password:** `kX9#mQ2vT7`",
    "secret key": "aws_secret_access_key = " + drawn(40),
    "stripe, for trying out": "sk_test_" + drawn(24),
    "webhook": "whsec_" + drawn(32),
    "slack's address": f"https://hooks.slack.com/services/T{'0' * 8}/B{'1' * 8}/{drawn(24)}",
    "azure": f"AccountName=a;AccountKey={base64.b64encode(LOT.randbytes(64)).decode()};EndpointSuffix=x",
    "basic": "Authorization: Basic " + base64.b64encode(b"app:" + LOT.randbytes(12)).decode(),
    "pw": "pw: Xk29!fjQ",
    "named": "password (prod): Xk29fjQ8",
    "token": "token: 9f8e7d6c5b4a39281706f5e4",
    "jwt in lines": "\n".join(textwrap.wrap(f"eyJ{drawn(60)}.eyJ{drawn(200)}.{drawn(86)}", 76)),
    "pem, quoted": textwrap.indent(pem(), "> "),
    "pem in JSON": json.dumps({"type": "service_account", "private_key": pem("PRIVATE KEY"), "client_id": "1"}),
    "pem in a program": "\n".join(f'"{line}\\n" +' for line in pem().splitlines()),
    "pem in a list": textwrap.indent(pem(), "- "),
    "pem, spaced out": "-----BEGIN PRIVATE KEY-----\n" + " ".join(textwrap.wrap(drawn(80), 4)),
    "pem, under a passphrase": pem().replace("-----\n", "-----\nDEK-Info: AES-128-CBC,3F17F5316E2BAC89\n\n", 1),
    "putty": "Public-Lines: 1\nAAAA\nPrivate-Lines: 1\n" + drawn(48) + "\nPrivate-MAC: 00",
    "github, quoted in lines": f"> ghp_{drawn(16)}\r\n> {drawn(20)}",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_found_wherever_it_stands(text: str) -> None:
    assert has_credential(text)
    assert has_credential(f"Hello,\n\nhere it is: {text}\n\nRegards")


@pytest.mark.parametrize(
    "text",
    [
        "Your password is required to log in.",
        "password: ********",
        "password: <your password here>",
        "Reset your password: https://example.com/reset?token=abc123def456",
        "Password is case-sensitive",
        "API key: YOUR_API_KEY_123",
        "api_key=${API_KEY_2}",
        "the secret is patience",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY----- is how such a file begins, as you may have seen in one of them already",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN...\n(the lines that follow go nowhere)\n-----END",
        "> -----BEGIN PRIVATE KEY-----\n> is the heading, and what stands below it is nobody's business",
        "-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(bytes(range(200))).decode(),
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "Message-ID: <CAF4y1k=abcdEFGH1234@mail.example.com>",
        "https://example.com/a?id=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "risk-assessment-of-the-new-warehouse-in-rotterdam-harbour",
        "password: bob@example.com1",
        "https://example.com/reset?token=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "The token is on the table; the bus costs one token: three pounds",
        "Authorization: Basic skills are enough",
        "",
    ],
)
def test_what_only_speaks_of_secrets_is_none(text: str) -> None:
    assert not has_credential(text)


def test_entropy_is_that_of_the_letters() -> None:
    assert bits_per_character("aaaa") == 0
    assert bits_per_character("abcd") == 2


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "-eyJ", ".eyJaaaaaaaa", "-sk-", "sk-", "password:", "password ", "-----BEGIN PRIVATE KEY-----", "a+",
     "Private-Lines: 1 ", "x://a:", "bearer ", "=", "gp_"],
)  # fmt: skip
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def spent(size: int) -> float:
        text = piece * (size // len(piece))
        begun = time.process_time()
        has_credential(text)
        return time.process_time() - begun

    spent(20_000)
    assert spent(320_000) < 60 * max(spent(20_000), 0.002)  # 16 times the text; a square would take 256 times
