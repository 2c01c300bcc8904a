#!/usr/bin/env bash
# Does what docker/Dockerfile does without an engine, in an empty folder: installs what is copied into the image, makes
# a project, serves it, asks for its health. Says how large it is; leaves nothing running.
#   docker/try.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
[ -z "$(ls -A "$folder")" ] || { echo "$folder is not empty; nothing was done" >&2; exit 2; }
mkdir "$folder/src" "$folder/project" "$folder/data"

# What .dockerignore lets through, and nothing else.
(cd "$here" && sed -n 's/^!//p' .dockerignore | tar -c --exclude=__pycache__ --exclude='*.pyc' -T - ) | tar -x -C "$folder/src"
(cd "$folder/src" && sh docker/install.sh "$folder/opt")
rm -r "$folder/src"
echo "installed: $(du -sm "$folder/opt" | cut -f1) MB"

# As the image's user has it: no environment but what the image sets.
image() { (cd "$folder/project" && env -i HOME="$folder/data" PATH="$folder/opt/bin:/usr/bin:/bin" PYTHONUNBUFFERED=1 \
  TIDEGATE_PROJECT="$folder/project" "$@"); }

image tidegate init .
image tidegate run revenue
image tidegate db status
image tidegate serve --host 127.0.0.1 --port 0 2> "$folder/log" & server=$!
trap 'kill "$server" 2> /dev/null || true' EXIT
for _ in $(seq 300); do
  url=$(sed -n 's/^Tidegate listens on \(http[^ ]*\).*/\1/p' "$folder/log")
  [ -z "$url" ] || break
  kill -0 "$server" 2> /dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.2
done
health=$(sed -n "s/^    CMD \[\"python\", \"-c\", \"\(.*\)\"\]$/\1/p" "$here/docker/Dockerfile")
image python -c "${health//http:\/\/127.0.0.1:8000/$url}"
echo "healthy: $url"
