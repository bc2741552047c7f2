#!/bin/sh
# Makes the Python environment of the demo and the tests: the SDK (editable) and pinned requirements.
# Does nothing when they have not changed. CRETA_VENV names another place than .venv in the repository.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${CRETA_VENV:-$root/.venv}
stamp=$venv/.creta-requirements

fail() {
    printf 'setup_python: %s\n' "$1" >&2
    exit 1
}

is_suitable() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if is_suitable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "no Python 3.11 to 3.14 with venv was found. Run scripts/setup_system.sh, or set PYTHON to one."
}

# The files that decide what is installed, and the interpreter that it is installed for.
fingerprint() {
    (
        cd "$root"
        cat sdk/python/pyproject.toml examples/flights/requirements.txt scripts/requirements-test.txt scripts/setup_python.sh
        cat crates/engine/tests/functions/requirements.txt
        printf '%s\n' "$root" "$1"
        "$1" --version
    ) | sha256sum | cut -d ' ' -f 1
}

python=$(find_python)
wanted=$(fingerprint "$python")
if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

printf 'Setting up the Python environment in %s (%s) …\n' "$venv" "$("$python" --version)"
rm -f "$stamp"
"$python" -m venv --clear "$venv"
# In one step, so that one set of versions satisfies all.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --editable "$root/sdk/python" \
    --requirement "$root/examples/flights/requirements.txt" \
    --requirement "$root/scripts/requirements-test.txt" \
    --requirement "$root/crates/engine/tests/functions/requirements.txt" ||
    fail "pip could not install the requirements; its message is above. Check the network or pip's index settings."
printf '%s\n' "$wanted" >"$stamp"
