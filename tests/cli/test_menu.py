import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperArgument, TyperGroup
from typer.testing import CliRunner

from gatepost.cli import menu

RUN = """
import json, sys
from gatepost.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def run(*arguments: str) -> tuple[str, set[str]]:
    """Run one command in a process of its own; return what it said and what it imported."""
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout, set(json.loads(done.stderr))


def test_the_version_and_the_first_page_of_help_need_no_room() -> None:
    said, modules = run("--version")
    assert said == f"{version('gatepost')}\n"
    assert {module for module in modules if module.startswith("gatepost")} == {
        "gatepost", "gatepost.cli", "gatepost.cli.menu", "gatepost.cli.pipe", "gatepost.cli.refusal"
    }  # fmt: skip
    assert len(modules) < 400  # 290: the interpreter's and the command line's
    said, modules = run("--help")
    assert all(name in said for name in menu.MENU)
    assert {module for module in modules if module.startswith("gatepost.")} == {
        "gatepost.cli", "gatepost.cli.menu", "gatepost.cli.pipe", "gatepost.cli.refusal"
    }  # fmt: skip


def test_what_is_read_from_files_and_sent_over_smtp_needs_no_house() -> None:
    for command in (["settings"], ["sandbox", "--help"], ["send", "--help"]):
        _, modules = run(*command)
        assert not modules & {"gatepost.journey", "gatepost.db", "psycopg", "asyncio"}, command


@pytest.mark.timeout(120)  # whoever comes first imports every room: six seconds, and many on a busy machine
@pytest.mark.parametrize("name", menu.MENU)
def test_each_command_is_made_by_its_modules_and_says_of_itself_what_the_menu_says(name: str) -> None:
    menu.bring(name)
    made = typer.main.get_group(menu.app).commands[name]
    assert made.params or isinstance(made, TyperGroup)  # and not the line of it that stands for it until then
    assert (made.help or "").partition("\n\n")[0].replace("\n", " ").strip() == menu.MENU[name][1]


def paths_of(made: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, made
    for name, each in made.commands.items() if isinstance(made, TyperGroup) else ():
        yield from paths_of(each, (*path, name))


@pytest.mark.timeout(120)  # as above
@pytest.mark.parametrize("name", menu.MENU)
def test_help_is_not_broken_in_the_middle_of_a_line_at_80_columns(name: str) -> None:
    """All but the first paragraph is printed with the lines it has; two columns are the margins."""
    menu.bring(name)
    for _, each in paths_of(typer.main.get_group(menu.app).commands[name], (name,)):
        _, _, later = inspect.cleandoc(each.help or "").partition("\n\n")
        assert max(map(len, later.splitlines()), default=0) <= 78, each.name


@pytest.mark.timeout(120)  # as above
@pytest.mark.parametrize("name", menu.MENU)
def test_help_breaks_no_choice_at_80_columns_and_says_what_each_argument_is(name: str) -> None:
    """What is asked for must be typed as it stands there."""
    menu.bring(name)
    for path, each in paths_of(typer.main.get_group(menu.app).commands[name], (name,)):
        said = CliRunner().invoke(menu.app, [*path, "-h"], env={"COLUMNS": "80"}).output
        assert not re.findall(r"<[a-z][^>\n]*│", said), path
        assert all(param.help for param in each.params if isinstance(param, TyperArgument)), path


def test_every_module_with_a_command_is_on_the_menu() -> None:
    folder = Path(menu.__file__).parent
    makers = {path.stem for path in folder.glob("*.py") if ".command(" in path.read_text()}
    assert makers | {"admin"} == {module for modules, _ in menu.MENU.values() for module in modules}


def test_a_word_that_is_no_command_is_answered_with_the_nearest() -> None:
    done = CliRunner().invoke(menu.app, ["pollicy"])
    assert done.exit_code == 2
    assert "'policy'" in done.output


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("tena",), ["tenant"]),
        (("le",), ["legal-hold"]),
        (("keys", "r"), ["rotate"]),
        (("doctor", "--b"), ["--brief"]),
    ],
)
def test_a_shell_completes_commands_and_options(typed: tuple[str, ...], offered: list[str]) -> None:
    asked = {
        "_GATEPOST_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("gatepost", *typed)),
        "COMP_CWORD": str(len(typed)),
    }
    program = Path(sys.executable).parent / "gatepost"
    done = subprocess.run([program], capture_output=True, text=True, check=False, env=asked)  # noqa: S603  # our own
    assert (done.stdout.split(), done.stderr) == (offered, "")
