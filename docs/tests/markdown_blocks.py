"""Reads the fenced code blocks of a Markdown page, in order."""

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the file that it becomes if any, its text and where it begins."""

    language: str
    file: str | None
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [_block(token.info, token.content, token.map[0] + 1) for token in tokens if token.type == "fence"]


def _block(info: str, text: str, line: int) -> Block:
    language, *settings = info.split()
    files = [setting.removeprefix("file=") for setting in settings if setting.startswith("file=")]
    return Block(language, files[0] if files else None, text, line)
