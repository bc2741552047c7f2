"""The source archive: a deterministic tar of a project's text files, named by its SHA-256."""

import hashlib
import io
import os
import tarfile

from creta.project.loading import project_files

ARCHIVED = (".py", ".sql", ".yaml", ".yml", ".toml", ".txt")


def source_archive(root: str) -> tuple[bytes, str]:
    """The tar's bytes and their SHA-256 in hex; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in project_files(root, ARCHIVED):
            with open(os.path.join(root, path), "rb") as file:
                content = file.read()
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    data = buffer.getvalue()
    return data, hashlib.sha256(data).hexdigest()
