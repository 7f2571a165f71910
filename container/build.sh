#!/bin/sh
# Builds the program from the current folder into another one, with the dependencies of package-lock.json
# and without those of development. Changes nothing below the former but node_modules and dist.
set -eu

target=$1
mkdir -p "$target"

# Nothing that is installed here needs its scripts.
npm ci --ignore-scripts --no-audit --no-fund
# Without the demo, whose machines do not boot in a container.
npm run build
npm pack --ignore-scripts --pack-destination "$target"
tar -xzf "$target"/nixcluster-*.tgz -C "$target" --strip-components=1
rm "$target"/nixcluster-*.tgz

cp package-lock.json "$target/"
npm ci --ignore-scripts --no-audit --no-fund --omit=dev --prefix "$target"
rm "$target/package-lock.json"
