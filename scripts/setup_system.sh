#!/bin/sh
# Installs the Debian packages that building Creta needs, if any is missing; checks for Rust. Quiet when all is there.
# With the argument `test` or `bench` also those that `make test` or `make bench` needs.
set -eu

fail() {
    printf 'setup_system: %s\n' "$1" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

has_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if has "$candidate" && "$candidate" -c \
            'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

has_postgresql() {
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || has initdb
}

missing_packages() {
    has cc && has c++ && has make || printf 'build-essential '
    has pkg-config || printf 'pkg-config '
    has curl || printf 'curl '
    [ -f /etc/ssl/certs/ca-certificates.crt ] || [ -f /etc/pki/tls/certs/ca-bundle.crt ] || printf 'ca-certificates '
    has_python || printf 'python3 python3-venv '
    if [ "${1:-}" = test ]; then
        has_postgresql || printf 'postgresql '
        has openssl || printf 'openssl '
    fi
    if [ "${1:-}" = bench ]; then
        has wrk || printf 'wrk '
        has redis-server || printf 'redis-server '
        has redis-benchmark || printf 'redis-tools '
    fi
}

apt_install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "apt-get install failed; its message is above"
}

# The tests start servers of their own; the one that Debian makes would only be in the way.
keep_postgresql_idle() {
    apt_install postgresql-common
    $as_root sed -i 's/^#\? *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
}

install_packages() {
    has apt-get || fail "please install with your system's package manager: $*"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || fail "please install as root: apt-get install $*"
        as_root=sudo
    fi
    printf 'Installing system packages: %s\n' "$*"
    $as_root apt-get update -qq || fail "apt-get update failed; its message is above"
    case " $* " in *" postgresql "*) keep_postgresql_idle ;; esac
    apt_install "$@"
    has_python || fail "this system's Python is older than 3.11. Install Python 3.11 to 3.14 and set PYTHON to it."
}

missing=$(missing_packages "$@")
if [ -n "$missing" ]; then
    # Unquoted on purpose: a list of words.
    # shellcheck disable=SC2086
    install_packages $missing
fi

if ! has cargo; then
    if [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        fail "Rust is installed but not on PATH. Run: . \"${CARGO_HOME:-$HOME/.cargo}/env\""
    fi
    fail "Rust is missing. Install it with:
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"\$HOME/.cargo/env\""
fi
