"""Every code block of the guides runs, and prints what the guide says."""

import os
import re
from pathlib import Path

import private_postgres
import pytest
from markdown_blocks import Block, blocks

GUIDES = sorted((Path(__file__).parent.parent / "guides").glob("*.md"))
LONGEST_PAGE = 150
LANGUAGES = {"python", "sql", "sh", "output", "yaml", "csv"}


def test_there_are_guides():
    assert GUIDES


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_page_is_short(page):
    assert len(page.read_text(encoding="utf-8").splitlines()) <= LONGEST_PAGE


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_blocks_run(page, project):
    found = blocks(page)
    assert {block.language for block in found} <= LANGUAGES
    if any("psql " in block.text for block in found):
        project.start_database(_postgresql())
    if not any("creta up" in block.text for block in found):
        project.write("creta.yaml", "project: guide\n")
        project.start_server()
    printed = ""
    for block in found:
        if block.language == "output":
            assert matches(block.text, printed), f"{_place(page, block)} expects:\n{block.text}\nbut got:\n{printed}"
        else:
            printed = _run(project, page, block)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [("a … c", "a b c\n", True), ("a … c", "a b d", False), ("a.c", "abc", False), ("a\nb", "a", False)],
)
def test_wildcard(expected, printed, same):
    assert matches(expected, printed) is same


def matches(expected: str, printed: str) -> bool:
    """Whether the lines are the same, where `…` stands for anything within a line."""
    pattern = "[^\n]*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, printed.strip()) is not None


def _run(project, page: Path, block: Block) -> str:
    if block.file is not None:
        project.write(block.file, block.text)
        return ""
    if block.language == "sh":
        return project.shell(block.text)
    assert block.language == "python", f"{_place(page, block)}: a {block.language} block without file="
    return project.python(block.text, _place(page, block))


def _postgresql() -> Path:
    programs = private_postgres.find_programs()
    if programs is None:
        reason = "PostgreSQL is not installed; scripts/setup_system.sh does it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return programs


def _place(page: Path, block: Block) -> str:
    return f"{page.name}:{block.line}"
