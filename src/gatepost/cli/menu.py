"""The commands there are, each with the modules that make it: they are imported when it is asked for.

Most commands live for a second, and importing all rooms takes longer than that. So the first page of help and the
version need no room at all, and a command pays for what it uses.
"""

import gc
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

MENU: dict[str, tuple[tuple[str, ...], str]] = {
    "up": (("house",), "Start the house on embedded defaults, with a sandbox to try. Ctrl-C stops it; its data stay."),
    "serve": (("house",), "Serve with a PostgreSQL that somebody runs for us: the production form."),
    "reload": (
        ("house",),
        "Let the running house read its settings and certificates anew; nobody is disconnected.",
    ),
    "migrate": (("house",), "Bring the database's schema up to this release, as its owner."),
    "database": (("database",), "The embedded PostgreSQL's data: dump them, restore them."),
    "settings": (("facts",), "List every setting with its default and meaning."),
    "sandbox": (("facts",), "Describe the running house's sandbox: where it listens, its mailbox and its keys."),
    "doctor": (
        ("doctor",),
        "Look at ports, DNS, certificates, clock, disk, database and keys, and say what to do next.",
    ),
    "explain": (
        ("explain",),
        "Print the whole evidence about one message, by the code that judges arriving mail. Nothing is kept or sent.",
    ),
    "replay": (("replay",), "Decide once more, by the entry, its opening and the policy of that time."),
    "erase": (
        ("retention",),
        "Erase a person from one tenant: mail, bodies, the record's words, the index, queues, and the key.",
    ),
    "send": (("send",), "Send one message to the running house over SMTP and print its answer."),
    "trace": (
        ("trace",),
        "Rebuild what became of one message, whichever tenant's it is, oldest first. Exit 1 where nothing is known.",
    ),
    "witness": (
        ("witness",),
        "Cosign a log's checkpoints as long as it only grows; print the witness's verifier key.",
    ),
    "tenant": (("admin",), "Customers, each kept apart from the others."),
    "domain": (("admin",), "The domains this house answers for."),
    "mailbox": (("admin",), "The accounts that receive mail."),
    "person": (("admin",), "The humans of a tenant."),
    "key": (("key",), "API keys, for people's tools and for agents."),
    "keys": (("admin",), "What everything is sealed under: the master key and the key store."),
    "policy": (
        ("admin", "policy", "policy_proposals", "policy_replay", "policy_versions"),
        "What may happen to a mailbox's mail.",
    ),
    "agent": (("agents",), "Hosted agents, off until switched on."),
    "case": (("case",), "Reports from outside, each with its acknowledgement clock."),
    "delivery": (("delivery",), "Mail that waits to leave: list it, have it tried at once, give it up."),
    "egress": (("egress",), "Where this house connects to."),
    "log": (("record", "entries", "export"), "The tamper-evident record: verify, prove, export."),
    "errors": (("errors",), "Errors nobody expected, by kind and place."),
    "export": (("export",), "The record, sent on to a SIEM."),
    "findings": (("findings",), "Weak points: scans, findings and their clocks."),
    "hold": (("hold",), "Messages that wait for a person: list, show, approve, deny."),
    "incident": (("incident",), "Incidents and maintenance, and the clocks they start."),
    "mail": (("mail",), "Kept mail: list, search, show."),
    "petition": (("petition",), "What agents ask for: list, show, approve, deny."),
    "release": (("release",), "Releases: builds and their evidence."),
    "retention": (("retention",), "How long mail and record are kept, by plan and by policy."),
    "legal-hold": (("retention",), "What must be kept whatever a plan, a policy or a person says."),
    "trust": (("trust", "deed", "room", "subprocessor", "terms"), "Public claims and the checks behind them."),
    "status": (("status",), "The status page: show it, write it out."),
    "webhook": (("webhook",), "The endpoints told of mail: how they fare, tests, replays."),
}
"""By name, in the order help shows them: the modules beside this one that add the command, and its line of help."""


class Menu(TyperGroup):
    """Knows every command's name and line, and has it made when somebody calls it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {**{name: TyperCommand(name, help=line) for name, (_, line) in MENU.items()}, **self.commands}

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was called, itself."""
        if args[0] in MENU:
            bring(args[0])
            self.commands[args[0]] = typer.main.get_group(app).commands[args[0]]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Menu,
    name="gatepost",
    help="A mail house for agents: verified mail in, a declared policy, a record outsiders can check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def bring(name: str) -> None:
    """Import what makes this command."""
    gc.disable()  # none of it is garbage, and looking for some takes a sixth of the time
    try:
        for module in MENU[name][0]:
            import_module(f"gatepost.cli.{module}")
    finally:
        gc.freeze()
        gc.enable()


def _tell_version(is_asked: bool) -> None:  # noqa: FBT001  # as the framework calls it
    if is_asked:
        typer.echo(version("gatepost"))
        raise typer.Exit


@app.callback()
def _root(
    *, _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_tell_version)] = False
) -> None:
    """Take what is said before any command."""
