"""The process of hosted agents: what does the kernel keep it from, and what is left to the account's permissions?"""

import os
from collections.abc import Iterable
from pathlib import Path

from gatepost.app.collect import family
from gatepost.app.confine import is_confined
from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.app.fence import kernel_version
from gatepost.app.state import Running
from gatepost.app.usher import KERNEL_MIN, can_connect_for_others
from gatepost.settings import Settings

CHECK = "agents.confined"
SOCKETS, FILES = "agents.sockets", "agents.files"
SECCOMP = Path("/proc/sys/kernel/seccomp/actions_avail")
PTRACE = Path("/proc/sys/kernel/yama/ptrace_scope")
_PTRACE_OF_ROOT, _PTRACE_OF_NOBODY = "2", "3"


def look(settings: Settings, running: Running | None, *, seccomp: Path = SECCOMP) -> Finding:
    """Return whether it is, or would be, confined."""
    return judge(
        {pid: is_confined(pid) for pid in _agents(running)},
        has_seccomp=seccomp.exists(),
        must_be=settings.agents.must_be_confined,
    )


def judge(confined: dict[int, bool | None], *, has_seccomp: bool, must_be: bool) -> Finding:
    """Return the finding about the processes there are; none while no tenant has agents on.

    Args:
        confined: for each process's id, whether a filter is in force.
        has_seccomp: the kernel has filters at all.
        must_be: the setting.
    """
    free = [pid for pid, is_so in confined.items() if not is_so]
    if free:
        said = f"process {free[0]} of hosted agents connects by itself wherever code in it likes"
        return (failure if must_be else warning)(
            CHECK, said, "run the house on Linux with seccomp, and set agents.must_be_confined"
        )
    if confined:
        return ok(CHECK, "the kernel keeps the process of hosted agents from connecting by itself")
    if not has_seccomp:
        said = "this kernel shows no seccomp: hosted agents " + (
            "take no turns" if must_be else "run without its filter"
        )
        return warning(CHECK, said, "run the house on Linux with seccomp")
    return ok(CHECK, "no process of hosted agents runs; the kernel has the filter it would be given")


def look_at_kernel() -> list[Finding]:
    """Return what this kernel shuts to hosted agents besides the network."""
    scope = PTRACE.read_text().strip() if PTRACE.exists() else ""
    is_shown = scope != _PTRACE_OF_NOBODY and (scope != _PTRACE_OF_ROOT or os.geteuid() == 0)
    return [judge_sockets(os.uname().release, is_shown=is_shown), judge_files(kernel_version())]


def judge_sockets(release: str, *, is_shown: bool) -> Finding:
    """Return whether agents reach those sockets of the machine alone that the house connects for them (ADR 106).

    Args:
        release: the kernel's.
        is_shown: the kernel shows the house what the process asks for.
    """
    if can_connect_for_others(release) and is_shown:
        return ok(SOCKETS, "the house makes the connections of hosted agents to sockets of this machine")
    why = "shows no process what another asks for" if can_connect_for_others(release) else "cannot let the house do it"
    wanted = "set kernel.yama.ptrace_scope to 1" if not is_shown else f"run Linux {'.'.join(map(str, KERNEL_MIN))}"
    return warning(
        SOCKETS,
        f"this kernel {why}: hosted agents reach every socket that their account may (agents.sockets_open)",
        f"{wanted}, or keep sockets such as a container engine's from the house's account",
    )


def judge_files(landlock: int) -> Finding:
    """Return whether agents open the files they need alone (ADR 107); ``landlock``: the kernel's version of it."""
    if landlock:
        return ok(FILES, "the kernel keeps hosted agents from every file but those they need")
    return warning(
        FILES,
        "this kernel has no Landlock: hosted agents open every file that their account may (agents.files_open)",
        "run Linux 5.13 with landlock among its lsm=, or give the house an account of its own",
    )


def _agents(running: Running | None) -> Iterable[int]:
    for pid in family(running.pid) if running else ():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"gatepost.app.agent_worker" in command:
            yield pid
