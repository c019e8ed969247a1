#!/usr/bin/env bash
# Brings uPlot, the chart library of the dashboard, from npm into Web/lib, and checks the types of the page's scripts.
# Its result is committed, so that building needs no npm. Run it to change the version:
#
#   silo/Dashboard/vendor.sh          uPlot, then the type check
#   silo/Dashboard/vendor.sh check    the type check alone
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
uplot=1.6.32
typescript=5.9.3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "${1:-}" != check ]; then
  npm install --prefix "$work" --no-save --ignore-scripts "uplot@$uplot" >/dev/null
  mkdir -p Web/lib
  cp "$work/node_modules/uplot/dist/uPlot.iife.min.js" "$work/node_modules/uplot/dist/uPlot.min.css" Web/lib/
  cp "$work/node_modules/uplot/LICENSE" Web/lib/uPlot.LICENSE.txt
fi
npm install --prefix "$work" --no-save --ignore-scripts "typescript@$typescript" >/dev/null
"$work/node_modules/.bin/tsc" --noEmit --checkJs --allowJs --strict --target es2022 --module es2022 --moduleResolution bundler --lib es2023,dom,dom.iterable Web/*.js Web/types.d.ts
echo "types are right"
