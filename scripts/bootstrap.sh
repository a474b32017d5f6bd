#!/usr/bin/env bash
# Makes .venv hold everything that pyproject.toml asks for, at the versions of constraints.txt, and sees to the
# libraries that Qt takes from the system. Safe to call at any time: with nothing to do it ends within a second.
#
#   PYTHON=/path/to/python  which interpreter to build .venv with (3.11 to 3.13)
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

VENV_PYTHON=.venv/bin/python

# Debian package, and the library that must load for it.
QT_LIBRARIES="
libegl1 libEGL.so.1
libgl1 libGL.so.1
libglib2.0-0 libgthread-2.0.so.0
libdbus-1-3 libdbus-1.so.3
libfontconfig1 libfontconfig.so.1
libxkbcommon0 libxkbcommon.so.0
libxkbcommon-x11-0 libxkbcommon-x11.so.0
libx11-xcb1 libX11-xcb.so.1
libxcb-cursor0 libxcb-cursor.so.0
libxcb-icccm4 libxcb-icccm.so.4
libxcb-image0 libxcb-image.so.0
libxcb-keysyms1 libxcb-keysyms.so.1
libxcb-randr0 libxcb-randr.so.0
libxcb-render-util0 libxcb-render-util.so.0
libxcb-shape0 libxcb-shape.so.0
libxcb-sync1 libxcb-sync.so.1
libxcb-xfixes0 libxcb-xfixes.so.0
libxcb-xinerama0 libxcb-xinerama.so.0
libxcb-xkb1 libxcb-xkb.so.1
libwayland-cursor0 libwayland-cursor.so.0
"

say() { printf 'setup: %s\n' "$*" >&2; }

fail() { say "$@"; exit 1; }

is_supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; }

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        is_supported "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13 that runs."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3.13 python3 python; do
        if is_supported "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no Python 3.11, 3.12 or 3.13 was found. Install one, or name it: make PYTHON=/path/to/python run"
}

# Installs Debian packages as root; otherwise prints the command, and answers 1.
install_packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $*"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        say "these system packages are missing; on Debian and Ubuntu this installs them:"
        printf '    sudo apt-get install -y %s\n' "$*" >&2
        return 1
    fi
}

missing_libraries() {
    "$1" - "$QT_LIBRARIES" <<'PYTHON_CODE'
import ctypes, sys
for line in sys.argv[1].split("\n"):
    if line:
        package, library = line.split()
        try:
            ctypes.CDLL(library)
        except OSError:
            print(package)
PYTHON_CODE
}

has_fonts() {
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts" \
        \( -name '*.ttf' -o -name '*.otf' -o -name '*.ttc' \) -print -quit 2>/dev/null)" ]
}

# Without them the window does not open, but training and the command line run: so a lack is told, and not fatal.
check_system() {
    [ "$(uname -s)" = Linux ] || return 0
    local missing
    missing=$(missing_libraries "$1")
    has_fonts || missing="$missing fonts-dejavu-core"
    if [ -n "${missing// /}" ]; then
        # shellcheck disable=SC2086  # a list of package names
        install_packages $missing || say "going on without them; the window will not open until they are there."
    fi
}

make_venv() {
    if ! "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        install_packages "$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" ||
            fail "and then run make again."
    fi
    say "making .venv with $("$1" --version)"
    "$1" -m venv --clear .venv
}

# The path is part of it, because an editable installation does not survive a move of the checkout.
stamp_path() { printf '.venv/.stamp-%s\n' "$( (pwd; cat pyproject.toml constraints.txt) | cksum | tr ' ' -)"; }

install_everything() {
    local pip=("$VENV_PYTHON" -m pip install --disable-pip-version-check --quiet -c constraints.txt)
    local torch
    torch=$(grep -E '^torch(vision)?==' constraints.txt || true)
    if [ -n "$torch" ]; then
        say "installing PyTorch: some gigabytes, once"
        # shellcheck disable=SC2086  # two requirements
        "${pip[@]}" $torch
    fi
    say "installing the workbench and what it needs"
    "${pip[@]}" -e '.[dev]'
    "$VENV_PYTHON" -m compileall -q workbench  # so that the first start is as quick as the next
}

main() {
    local python stamp
    if is_supported "$VENV_PYTHON"; then python=$VENV_PYTHON; else python=$(find_python); fi
    check_system "$python"
    stamp=$(stamp_path)
    if [ -e "$stamp" ]; then return; fi
    if ! "$VENV_PYTHON" -m pip --version >/dev/null 2>&1; then make_venv "$(find_python)"; fi
    install_everything
    rm -f .venv/.stamp-*
    touch "$stamp"
    say "ready"
}

main
