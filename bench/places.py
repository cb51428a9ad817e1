"""Where things are."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
WORK = ROOT / ".bench"  # environments, logs, files of the run; not in git
RUN = WORK / "run"
OWN_BIN = Path(sys.executable).parent  # Groundwork's own environment, which runs the bench
