#!/bin/sh
# Installs Tidegate from the current folder into a virtual environment of its own: docker/install.sh FOLDER
# docker/Dockerfile runs it, and docker/try.sh where there is no engine.
set -eu
python -m venv "$1"
# pip compiles to bytecode as it installs: without that, Great Expectations alone takes 20 s to start.
"$1/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check -c constraints.txt ".[postgres,dask]"
"$1/bin/pip" uninstall --quiet --yes pip setuptools
