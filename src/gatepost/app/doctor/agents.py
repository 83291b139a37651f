"""The process of hosted agents: does the kernel keep it from connecting by itself?"""

from collections.abc import Iterable
from pathlib import Path

from gatepost.app.collect import family
from gatepost.app.confine import is_confined
from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.app.state import Running
from gatepost.settings import Settings

CHECK = "agents.confined"
SECCOMP = Path("/proc/sys/kernel/seccomp/actions_avail")


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


def _agents(running: Running | None) -> Iterable[int]:
    for pid in family(running.pid) if running else ():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"gatepost.app.agent_worker" in command:
            yield pid
