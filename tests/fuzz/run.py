"""Feed worse and worse input to whatever reads strangers' octets: ``make fuzz ARGS="--minutes 10 --seed 1"``.

Every input follows from the name of its target and one number, so a failure is printed as the command that repeats it.
Fails on anything but a value of ours, and on input that takes longer than its size allows.
"""

import argparse
import asyncio
import random
import sys
import time
import traceback
from collections.abc import Sequence

from fuzz.targets import TARGETS, Target, pdf
from gatepost.verify.extract import Extractor
from gatepost.verify.injection import prepare

MAX_CPU_S = 2.5
"""For at most ``mutate.MAX_OCTETS``: honest mail of that size takes a tenth."""


async def feed(target: Target, seed: int) -> str:
    """Read the input of a seed; return what went wrong, or nothing."""
    octets = target.make(random.Random(f"{target.name} {seed}"))
    started = time.process_time()
    try:
        await target.feed(octets)
    except Exception:  # noqa: BLE001  # what is looked for
        return traceback.format_exc(limit=-4)
    spent = time.process_time() - started
    return f"{spent:.1f} s for {len(octets):,} octets" if spent > MAX_CPU_S else ""


async def run(targets: Sequence[Target], seeds: range, until: float) -> tuple[int, list[str]]:
    """Feed every seed to every target in turn, until monotonic time ``until``; return how many were, and failures."""
    prepare()  # else the first mail would pay for it
    fed, failures = 0, list[str]()
    for seed in seeds:
        for target in targets:
            if time.monotonic() > until:
                return fed, failures
            fed += 1
            if wrong := await feed(target, seed):
                failures.append(f"--target {target.name} --seed {seed} --count 1\n{wrong}")
    return fed, failures


async def _main(options: argparse.Namespace) -> int:
    extractor = Extractor()
    try:
        wanted = [one for one in (*TARGETS, pdf(extractor)) if options.target in {"", one.name}]
        count = options.count or sys.maxsize - options.seed
        until = time.monotonic() + 60 * options.minutes
        fed, failures = await run(wanted, range(options.seed, options.seed + count), until)
    finally:
        await extractor.close()
    told = [*failures, f"seeds from {options.seed}: {fed} inputs, {len(failures)} failures"]
    sys.stdout.write("\n".join(told) + "\n")
    return int(bool(failures) or fed == 0)


def main(arguments: Sequence[str]) -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9), help="the first; by chance")
    parser.add_argument("--count", type=int, default=0, help="how many seeds; as many as there is time for")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--target", default="", help="one of them alone")
    return asyncio.run(_main(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
