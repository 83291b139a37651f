"""The workbench: a policy is written, looked at and tried before it is put in force."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gatepost import decide, workbench
from gatepost.app import administer
from gatepost.app import explain as looking
from gatepost.app.build import clock
from gatepost.cli.admin import for_tenant, policies, warn
from gatepost.cli.changes import lines
from gatepost.cli.frame import AsJson, ForTenant, Refusal, read_octets, read_settings, show
from gatepost.cli.message import circumstances, read_message
from gatepost.cli.table import terminal
from gatepost.decide import fixtures
from gatepost.decide.diff import diff
from gatepost.decide.ending import Ending
from gatepost.decide.language import Policy, parse
from gatepost.decide.lint import lint
from gatepost.decide.paper import Seen, Step
from gatepost.decide.rules import judge
from gatepost.decide.templates import TEMPLATES, template
from gatepost.decide.told import counted, tell
from gatepost.decide.widening import Verdict, compare
from gatepost.decide.written import read_document
from gatepost.ids import AccountId, TenantId
from gatepost.journey import House
from gatepost.mail.own_ids import NO_IDS
from gatepost.workbench.upload import seen_of

Draft = Annotated[
    Path, typer.Argument(help="A policy, in JSON or YAML; - reads standard input.", metavar="FILE", show_default=False)
]
Against = Annotated[
    int | None,
    typer.Option("--mailbox", "-m", help="Compare with the policy in force there; 0: above all mailboxes."),
]
IsWide = Annotated[bool, typer.Option("--tenant-wide", help="It is meant to stand above all mailboxes.")]


class FaultyError(Refusal):
    """A draft is none: every fault, one a line."""

    def __init__(self, said: str, error: decide.PolicyError) -> None:
        super().__init__(":\n  ".join((said, "\n  ".join(error.errors))))
        self.error = error


def _read(file: Path) -> object:
    try:
        return read_document(read_octets(file))
    except decide.PolicyError as error:
        raise FaultyError(f"{_called(file)} cannot be read", error) from error


def _only_once(*files: Path | str | None) -> None:
    """Raise ``Refusal`` where standard input is to be read twice: the second would find nothing there."""
    if [str(each) for each in files].count("-") > 1:
        raise Refusal("standard input can be read only once: name a file for the other")


def _called(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)


def read_policy(file: Path, *, is_wide: bool = False) -> tuple[Policy, object]:
    """Return a draft, compiled and as it is written; raises ``Refusal`` with every fault."""
    document = _read(file)
    try:
        return parse(document, version=0, is_tenant_wide=is_wide)[0], document
    except decide.PolicyError as error:
        raise FaultyError(f"{_called(file)} is not a policy", error) from error


def _live(mailbox: int, tenant: str | None) -> decide.Stored | None:
    async def work(house: House, owner: TenantId) -> decide.Stored | None:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox))
            return await decide.get_policy(tx, AccountId(mailbox))

    return for_tenant(tenant, work)


def _compiled(stored: decide.Stored | None) -> Policy | None:
    try:
        return workbench.compiled(stored)
    except decide.PolicyUnreadableError as error:
        raise Refusal(
            "this release cannot read the policy in force there, and all mail it speaks of is deferred: put another in"
            " force (gatepost policy set), or go back to an earlier version (gatepost policy rollback)"
        ) from error


@policies.command("check")
def check(file: Draft, *, tenant_wide: IsWide = False, as_json: AsJson = False) -> None:
    """Read FILE as the house would: every fault with its place and the nearest valid name, or its digest."""
    try:
        policy, _ = read_policy(file, is_wide=tenant_wide)
    except FaultyError as no:
        if not as_json:
            raise
        told = {"errors": no.error.errors, "faults": [asdict(fault) for fault in no.error.faults]}
        show([told], columns=(), as_json=True, empty="")
        raise typer.Exit(1) from no
    if as_json:
        found = {"digest": policy.digest, "rules": len(policy.rules), "guards": len(policy.guards)}
        show([{**found, "warnings": policy.warnings}], columns=(), as_json=True, empty="")
        return
    rules, guards = counted(len(policy.rules), "rule"), counted(len(policy.guards), "guard")
    typer.echo(f"a policy of {rules} and {guards}, digest {policy.digest}")
    warn(policy.warnings)


@policies.command("explain")
def explain(
    file: Draft,
    *,
    mail: Annotated[
        Path | None, typer.Option(help="A mail as tests describe one (JSON or YAML); say what becomes of it.")
    ] = None,
    message: Annotated[
        str | None, typer.Option(help="A real message (.eml; - reads standard input); say what would become of it.")
    ] = None,
    client_ip: Annotated[str, typer.Option(help="Who delivered that; without, SPF cannot be judged.")] = "",
    mail_from: Annotated[str, typer.Option(help="Its envelope's sender (MAIL FROM); empty: the null path.")] = "",
    helo: Annotated[str, typer.Option(help="The name that machine gave in HELO or EHLO.")] = "",
    tenant_wide: IsWide = False,
    as_json: AsJson = False,
) -> None:
    """Say in sentences what FILE does, in the order in which it is asked.

    A real message is verified as if it had just come, over TLS: DNS and
    scanners are asked, nothing is kept. Limits and first mail are as of an
    author's ordinary mail.
    """
    if mail is not None and message is not None:
        raise Refusal("name a --mail or a --message, not both")
    if message is None and (client_ip or mail_from or helo):
        raise Refusal("--client-ip, --mail-from and --helo say how a --message came: name one")
    _only_once(file, mail, message)
    policy, _ = read_policy(file, is_wide=tenant_wide)
    judged = None if mail is None else fixtures.judge_mail(_read_mail(mail), policy)
    if message is not None:
        raw = looking.on_the_wire(read_message(message))
        judged = judge(_seen(raw, circumstances(client_ip, helo, mail_from)), policy)
    if as_json:
        told = {"sentences": tell(policy), "judged": judged and _judged(*judged)}
        show([told], columns=(), as_json=True, empty="")
    elif judged is None:
        typer.echo("\n".join(tell(policy)))
    else:
        ending, trace = judged
        detail = f" ({ending.detail})" if ending.detail else ""
        typer.echo(f"{ending.disposition.value}: {ending.reason.value}{detail}")
        rows = [{"asked": step.check, "answer": step.result} for step in trace]
        show(rows, columns=("asked", "answer"), as_json=False, empty="")


def _seen(raw: bytes, came: looking.Circumstances) -> Seen:
    settings = read_settings()
    own_ids = looking.own_ids_of(settings) or NO_IDS
    return seen_of(asyncio.run(looking.look_with(settings, raw, came, own_ids)))


def _read_mail(file: Path) -> dict[str, Any]:
    try:
        return fixtures.read_mail(_read(file))
    except decide.PolicyError as error:
        raise Refusal(f"{file} describes no mail:\n  " + "\n  ".join(error.errors)) from error


def _judged(ending: Ending, trace: Sequence[Step]) -> dict[str, Any]:
    return {
        "disposition": ending.disposition.value,
        "outcome": ending.outcome.value,
        "reason": ending.reason.value,
        "detail": ending.detail,
        "labels": ending.labels,
        "capabilities": ending.grant.capabilities if ending.grant else (),
        "trace": [asdict(step) for step in trace],
    }


@policies.command("test")
def run_tests(
    file: Draft,
    beside: Annotated[Path | None, typer.Argument(help="More tests, beside the policy.", metavar="TESTS")] = None,
    *,
    tenant_wide: IsWide = False,
    as_json: AsJson = False,
) -> None:
    """Run the tests inside FILE, and those in TESTS; ends with 1 where one fails, or where there is none."""
    _only_once(file, beside)
    policy, document = read_policy(file, is_wide=tenant_wide)
    try:
        wanted = fixtures.read_fixtures(document) if isinstance(document, dict) and document.get("tests") else []
        wanted += fixtures.read_fixtures(_read(beside)) if beside else []
    except decide.PolicyError as error:
        raise Refusal("these are no tests:\n  " + "\n  ".join(error.errors)) from error
    if not wanted:
        raise Refusal(f"{file} has no tests: write some under `tests`, or name a file of them")
    rows: list[dict[str, Any]] = [
        {"test": each.name, "result": "failed" if each.faults else "passed", "why": "; ".join(each.faults)}
        for each in fixtures.run(policy, wanted)
    ]
    failed = sum(row["result"] == "failed" for row in rows)
    if as_json:
        show(rows, columns=(), as_json=True, empty="")
    else:
        for row in rows:
            style = "red" if row["why"] else "green"
            terminal.print(row["result"], style=style, end="  ")
            terminal.print(
                row["test"] + (f": {row['why']}" if row["why"] else ""), markup=False, highlight=False, soft_wrap=True
            )
        typer.echo(f"{len(rows) - failed} of {len(rows)} passed")
    raise typer.Exit(1 if failed else 0)


@policies.command("diff")
def show_diff(
    file: Draft,
    other: Annotated[Path | None, typer.Argument(help="Another policy; else name a mailbox.", metavar="OTHER")] = None,
    *,
    mailbox: Against = None,
    tenant_wide: IsWide = False,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Show what changes from the policy in force, or from OTHER, to FILE, and whether more would be let in."""
    if (other is None) == (mailbox is None):
        raise Refusal("name either another FILE to compare with, or --mailbox")
    _only_once(file, other)
    stored = None if mailbox is None else _live(mailbox, tenant)
    if mailbox is not None and stored is None:
        raise Refusal("no policy is in force there: all mail is refused")
    wide = tenant_wide or mailbox == decide.TENANT_WIDE
    draft, document = read_policy(file, is_wide=wide)
    live, before = (_compiled(stored), stored.document) if stored else read_policy(other or file, is_wide=wide)
    found = compare(live, draft)
    changes = diff(before, document)
    if as_json:
        told = {"changes": [asdict(change) for change in changes], "widening": asdict(found)}
        show([told], columns=(), as_json=True, empty="")
        return
    typer.echo("\n".join(lines(changes)) or "nothing changes")
    typer.echo(_verdict(found.verdict, found.why, found.mail))


def _verdict(verdict: Verdict, why: str, mail: dict[str, Any] | None) -> str:
    return f"{verdict.value}: {why}{f' {json.dumps(mail, ensure_ascii=False)}' if mail else ''}"


@policies.command("lint")
def show_lint(
    file: Draft, *, mailbox: Against = None, tenant: ForTenant = None, as_json: AsJson = False, wide: IsWide = False
) -> None:
    """Look for what is probably not meant; ends with 1 where there is something.

    Rules nobody reaches, guards that find nothing, what does nothing where it
    stands, authors who are believed without proof and, with --mailbox, whether
    more would be let in than now.
    """
    is_wide = wide or mailbox == decide.TENANT_WIDE
    policy, _ = read_policy(file, is_wide=is_wide)
    live = None if mailbox is None else _compiled(_live(mailbox, tenant))
    found = lint(policy, now=clock(), live=live, has_live=mailbox is not None)
    rows = [asdict(each) for each in found]
    show(rows, columns=("code", "path", "sentence"), as_json=as_json, empty="nothing to remark")
    raise typer.Exit(1 if rows else 0)


@policies.command("new")
def new(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; - or none: here.", metavar="FILE")] = None,
    *,
    name: Annotated[str | None, typer.Option("--template", help="Which one to begin with.")] = None,
) -> None:
    """Begin with a template: a policy in YAML with tests that show what it does. Without --template, list them."""
    if name is None:
        rows = [{"template": each, "for": sentence} for each, sentence in TEMPLATES.items()]
        show(rows, columns=("template", "for"), as_json=False, empty="")
        return
    try:
        text = template(name)
    except LookupError as error:
        raise Refusal(f"there is no template {name!a}: choose one of {', '.join(TEMPLATES)}") from error
    if file is None or str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise Refusal(f"cannot write {file}: {error.strerror}") from error
    typer.echo(f"wrote {file}; next: gatepost policy test {file}")
