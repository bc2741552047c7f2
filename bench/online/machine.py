"""The facts without which a figure means nothing: machine, load, date, commit, build."""

import os
import platform
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from paths import REPOSITORY


def facts(binary: Path, build_profile: str | None) -> dict[str, str]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "build profile": build_profile or profile(binary),
        "processor": model_name(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "data folder": f"{tempfile.gettempdir()} on {file_system(tempfile.gettempdir())}",
        "load average before": f"{os.getloadavg()[0]:.2f}",
    }


def commit() -> str:
    """The commit that is checked out, and whether files differ from it."""
    number = _git("rev-parse", "--short=12", "HEAD")
    if not number:
        return "unknown"
    changed = _git("status", "--porcelain", "--", ".", ":!bench/online/results.json", ":!bench/online/RESULTS.md")
    return f"{number} with uncommitted changes" if changed else number


def profile(binary: Path) -> str:
    """Cargo puts programs into a folder that is named after the profile."""
    folder = binary.parent.name
    return folder if folder in ("debug", "release") else f"unknown ({binary}); name it with --build-profile"


def model_name() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def file_system(folder: str) -> str:
    ended = subprocess.run(
        ["stat", "--file-system", "--format=%T", folder], capture_output=True, text=True, check=False
    )
    return ended.stdout.strip() or "unknown"


def _git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return ended.stdout.strip()
