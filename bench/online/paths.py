"""Where things are in the repository; importing this makes the modules of the flights example importable."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PROJECT = HERE / "project"
FLIGHTS = REPOSITORY / "examples" / "flights"

# After everything else, so that no module of the example hides one of ours.
sys.path.append(str(FLIGHTS))
