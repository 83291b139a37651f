#!/bin/sh
# Makes .venv hold what one Makefile target needs: run, demo or dev. Uses uv where it is found, plain venv and pip
# where it is not; both install exactly what uv.lock pins, by hash. The system's own Python is preferred: it has the
# distribution's security updates, and Debian's is built with optimisation (a plain build takes a third more CPU,
# docs/measurements.md). PYTHON names another.
set -eu
group=$1
cd "$(dirname "$0")/.."
stamp=.venv/ready-$group
[ -e "$stamp" ] && [ "$stamp" -nt uv.lock ] && [ "$stamp" -nt pyproject.toml ] && exit 0

apt_line='apt-get install -y make python3 python3-venv'
python=${PYTHON:-/usr/bin/python3}
if [ -z "${PYTHON:-}" ] && ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
then
    python=python3
fi
if ! command -v "$python" >/dev/null 2>&1; then
    echo "gatepost: there is no $python. On Debian: $apt_line" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "gatepost: $python is older than 3.11; name a newer one, such as: make PYTHON=python3.12 run" >&2
    exit 1
fi

echo "gatepost: preparing the environment (.venv) for '$group', once: a minute or two" >&2
if command -v uv >/dev/null 2>&1; then
    case $group in
        run) set -- --no-dev --inexact ;;
        demo) set -- --no-dev --group demo --inexact ;;
        dev) set -- ;;
    esac
    UV_PYTHON_DOWNLOADS=never uv sync --quiet --locked --compile-bytecode --python "$python" "$@"
else
    if [ ! -x .venv/bin/pip ]; then
        rm -rf .venv
        if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
            echo "gatepost: $python cannot make environments. On Debian: $apt_line" >&2
            exit 1
        fi
        "$python" -m venv .venv
    fi
    # --use-pep517: what comes as source only is built as newer pips build it; the older way prints warnings.
    .venv/bin/pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes -r "locks/$group.txt"
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
fi
# Once, and by all cores: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each process would do it anew.
.venv/bin/python -m compileall -q -j 0 src
touch "$stamp"
