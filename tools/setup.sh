#!/bin/sh
# Set up what a make target needs, and do nothing where it is already there.
#
#   tools/setup.sh app        .venv with requirements.txt
#   tools/setup.sh dev        the same, with the tools for tests and checks
#   tools/setup.sh chromium   a browser for the tests and the screenshots (after dev)
#
# PYTHON=/path/to/python3 chooses the interpreter. pip's own configuration is respected.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
python=$venv/bin/python

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Run a command as root, or fail when that cannot be had (without waiting for a password that
# nobody is there to type).
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 1
    fi
}

apt_install() {
    command -v apt-get >/dev/null 2>&1 && as_root true || return 1
    say "Installing $* with apt-get ..."
    as_root apt-get -o DPkg::Lock::Timeout=120 update -q >&2 || say "apt-get update failed; going on with what it knew."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
        install -y -q --no-install-recommends "$@" >&2
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

make_venv() {
    base=${PYTHON:-python3}
    command -v "$base" >/dev/null 2>&1 || fail "$base is not there; install Python 3.10 or newer, or name one with PYTHON=/path/to/python3."
    "$base" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "$base is Python $(version_of "$base") and this needs 3.10 or newer; name another with PYTHON=/path/to/python3."
    "$base" -c 'import sys; sys.exit(sys.version_info >= (3, 14))' ||
        say "Python $(version_of "$base") is newer than the tested 3.10 to 3.13; if a package is missing for it, name another with PYTHON=/path/to/python3."
    # Debian and Ubuntu ship Python without ensurepip, and venv cannot bring pip without it.
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "python$(version_of "$base")-venv" || apt_install python3-venv ||
            fail "Python's venv module is missing: as root, run 'apt-get install python3-venv', then this command again."
    fi
    say "Making $venv with Python $(version_of "$base") ..."
    rm -rf "$venv"
    "$base" -m venv "$venv" || { rm -rf "$venv"; fail "$base -m venv failed (see above); name another Python with PYTHON=/path/to/python3."; }
}

# What the environment was made from: when this changes, pip runs again.
state() {
    { cat requirements.txt; sed -n '/^\[project/,/^\[build/p' pyproject.toml; } | cksum
    pwd
    version_of "$python"
}

install() {  # install app|dev
    # Left alone: an environment that runs and has what the files ask for.
    if [ -n "${PYTHON:-}" ] && [ -x $python ] && [ "$(version_of "$PYTHON" 2>&1)" != "$(version_of $python 2>&1)" ]; then
        rm -rf "$venv"
    fi
    if $python -c 'import pip' 2>/dev/null; then
        for made in "$venv/.made-$1" "$venv/.made-dev"; do
            if [ -f "$made" ] && [ "$(state)" = "$(cat "$made")" ]; then return; fi
        done
    else
        make_venv
    fi
    rm -f "$venv"/.made-*
    say "Installing the packages into $venv (once; with PyTorch's CUDA libraries this is a few GB) ..."
    # One command, so that pip chooses torch and torchvision for each other.
    if [ "$1" = dev ]; then set -- "$1" -e '.[dev]'; else set -- "$1" -r requirements.txt; fi
    kind=$1
    shift
    $python -m pip install --disable-pip-version-check "$@" >&2 ||
        fail "pip could not install the packages (see above); go online, or free some disk space, and run this command again."
    state >"$venv/.made-$kind"
}

found_browser() { $python tools/browser.py 2>/dev/null; }

browser() {
    made=$venv/.chromium  # the path of the browser, or the word playwright
    if [ -f "$made" ]; then
        path=$(cat "$made")
        if [ "$path" = playwright ] || [ -x "$path" ]; then return; fi
        rm -f "$made"
    fi
    say "Looking for a browser for the tests ..."
    if [ -n "${CHROMIUM:-}" ]; then
        found_browser >"$made" || { rm -f "$made"; fail "CHROMIUM=$CHROMIUM does not start; name a working Chromium or leave it out."; }
        return
    fi
    if ! path=$(found_browser); then
        # On Ubuntu the package is a snap stub; playwright brings a real one there.
        if ! grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then apt_install chromium || true; fi
        if ! path=$(found_browser); then
            if [ -r /etc/debian_version ]; then as_root $python -m playwright install-deps chromium >&2 || true; fi
            $python -m playwright install chromium >&2 || true
            path=$(found_browser) ||
                fail "No Chromium could be found or installed: install it (Debian: 'apt-get install chromium' as root), or name one with CHROMIUM=/path/to/chromium, then run this command again."
        fi
    fi
    printf '%s\n' "$path" >"$made"
}

case "${1:-}" in
    app | dev) install "$1" ;;
    chromium) browser ;;
    *) fail "usage: tools/setup.sh app|dev|chromium" ;;
esac
