"""Check an exported log with two programs that are not ours: the PyPI packages proofbundle and metamorphic-log.

    python tools/check_proofs.py demo-out

The folder is what ``gatepost log export --proofs all`` writes. Each ``proofs/N.tlog-proof`` must prove that the octets
of ``proofs/N.entry`` stand at index N under a checkpoint that ``log.vkey`` signed. Exit 0: both agree on every one.
"""

import argparse
import base64
import hashlib
import subprocess
import sys
from pathlib import Path

import metamorphic_log


def check(folder: Path) -> list[str]:
    """Return what is wrong, one sentence each; empty where both programs agree with every proof."""
    vkey = (folder / "log.vkey").read_text().strip()
    checkpoint = (folder / "log" / "checkpoint").read_text()
    origin = checkpoint.partition("\n")[0]
    faults: list[str] = []
    try:
        metamorphic_log.checkpoint_verify(checkpoint, [vkey])
    except metamorphic_log.VerifyError as error:
        faults.append(f"log/checkpoint: metamorphic-log: {error!r}")
    proofs = sorted((folder / "proofs").glob("*.tlog-proof"), key=lambda path: int(path.stem))
    if not proofs:
        faults.append("proofs/ holds no proof")
    for proof in proofs:
        entry = proof.with_suffix(".entry")
        faults += [f"{proof.name}: proofbundle: {fault}" for fault in by_proofbundle(proof, entry, vkey, origin)]
        faults += [f"{proof.name}: metamorphic-log: {fault}" for fault in by_metamorphic_log(proof, entry, vkey)]
    return faults


def by_proofbundle(proof: Path, entry: Path, vkey: str, origin: str) -> list[str]:
    """Ask proofbundle, as its user would."""
    command = [sys.executable, "-m", "proofbundle.cli", "verify-proof", str(proof), "--payload-file", str(entry)]
    command += ["--log-vkey", vkey, "--expected-origin", origin]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # our own words
    return [] if done.returncode == 0 else [(done.stderr or done.stdout).strip()]


def by_metamorphic_log(proof: Path, entry: Path, vkey: str) -> list[str]:
    """Ask metamorphic-log: it takes the pieces of the file apart from each other (c2sp.org/tlog-proof)."""
    head, _, checkpoint = proof.read_text().partition("\n\n")
    lines = [line for line in head.splitlines()[1:] if not line.startswith("extra ")]
    index = int(lines[0].removeprefix("index "))
    leaf = hashlib.sha256(b"\x00" + entry.read_bytes()).digest()
    path = [base64.b64decode(line, validate=True) for line in lines[1:]]
    if index != int(proof.stem):
        return [f"the proof is about index {index}"]
    try:
        metamorphic_log.checkpoint_verify_inclusion(checkpoint, [vkey], index, leaf, path)
    except metamorphic_log.VerifyError as error:
        return [repr(error)]
    return []


def main() -> int:
    """Check the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    faults = check(folder)
    for fault in faults:
        print(fault)
    count = len(list((folder / "proofs").glob("*.tlog-proof")))
    print(f"{count} proofs, {len(faults)} faults (proofbundle, metamorphic-log)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
