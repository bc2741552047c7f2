"""`python -m creta.export PROJECT_DIR --out DIR`: writes DIR/bundle.json and DIR/source.tar.

Says nothing on success. On definition errors it prints {"errors": [letters]} as JSON and exits with 2.
"""

import argparse
import json
import os
import sys

from creta.definition.letters import DefinitionError, Letter
from creta.project.archive import source_archive
from creta.project.bundle import canonical, letter_json, make_bundle


def export(root: str, out: str) -> None:
    """Writes bundle and archive of the project in `root`. Raises DefinitionError with every error at once."""
    out = os.path.abspath(out)
    root = os.path.realpath(root)
    if not os.path.isdir(root):
        raise DefinitionError([Letter("missing_file", f"The project folder `{root}` does not exist.")])
    _project, bundle = make_bundle(root)
    archive, digest = source_archive(root)
    if any("python" in resolver["body"] for resolver in bundle["resolvers"]):
        bundle["archive"] = digest
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "bundle.json"), "w", encoding="utf-8") as file:
        file.write(canonical(bundle))
    with open(os.path.join(out, "source.tar"), "wb") as file:
        file.write(archive)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m creta.export", description="Exports a project to a bundle.")
    parser.add_argument("project", help="the project's folder")
    parser.add_argument("--out", required=True, help="the folder to write bundle.json and source.tar to")
    options = parser.parse_args(arguments)
    root = os.path.realpath(options.project)
    # What user modules print while they are imported must not end up in the answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    try:
        export(root, options.out)
    except DefinitionError as error:
        letters = [letter_json(root, letter) for letter in error.letters]
        print(json.dumps({"errors": letters}, ensure_ascii=False), file=answer)
        return 2
    finally:
        sys.stdout = answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
