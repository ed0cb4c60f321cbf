#!/bin/sh
# Renews every lock: first the whole set, then each deployable held to the same versions.
# Hashes, no addresses. `make lock` runs it; pass --upgrade to take newer versions.
set -eu
cd "$(dirname "$0")/.."
compile() { # group output [more options]
    group=$1 output=$2
    shift 2
    uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --group "$group" --output-file "requirements/$output.txt" "$@"
}
compile bench bench "$@"
for group in gateway membership referral notifications cli local test; do
    compile "$group" "$group" --constraint requirements/bench.txt
done
