"""Whether a lock has packages with known vulnerabilities: ``python -m deploy.audit LOCK``.

It fails where it has. Where no advisory database can be reached, it says so, and passes.
"""

import json
import subprocess
import sys
from typing import Any

_COMMAND = (sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--format=json")


def audit(lock: str, *options: str) -> str:
    """What is to be said of ``lock``, with further ``options`` of pip-audit.

    Raises:
        SystemExit: of packages with known vulnerabilities, whose names it has.
        CalledProcessError: the lock cannot be read.
    """
    command = (*_COMMAND, *options, "--disable-pip", "--require-hashes", "--requirement", lock)
    subprocess.run((*command, "--dry-run"), check=True, capture_output=True)
    asked = subprocess.run(command, check=False, capture_output=True)
    if not asked.stdout:  # it has written why not to the other stream
        return f"{lock} is not audited: no advisory database can be reached."
    packages: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    unknown = [each for each in packages if "skip_reason" in each]
    found = [
        f"{each['name']} {each['version']}: {', '.join(flaw['id'] for flaw in each['vulns'])}"
        for each in packages
        if each.get("vulns")
    ]
    if found:
        raise SystemExit("\n".join((f"{lock} has known vulnerabilities:", *found)))
    if unknown:
        return (
            f"{lock} is not audited: the package index has no advisories "
            f"for {len(unknown)} of its {len(packages)} packages."
        )
    return f"{lock}: no known vulnerability in {len(packages)} packages."


if __name__ == "__main__":
    print(audit(sys.argv[1]))
