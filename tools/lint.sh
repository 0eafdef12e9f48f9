#!/usr/bin/env bash
# Format, include order and clang-tidy. Changes nothing; exits 1 on a fault.
#   tools/lint.sh [format|includes|tidy]...     all of them without arguments
set -euo pipefail
cd "$(dirname "$0")/.."
checks=("$@")
((${#checks[@]})) || checks=(format includes tidy)

for check in "${checks[@]}"; do
  case $check in
    format) git ls-files '*.h' '*.cc' | xargs clang-format-19 --dry-run --Werror ;;
    includes) python3 tools/check_includes.py ;;
    tidy)
      # clang reads the compile commands of the dev preset, less what only g++ knows.
      [[ -f build/dev/compile_commands.json ]] || cmake --preset dev >/dev/null
      mkdir -p build
      status=0
      git ls-files 'src/*.cc' | grep -v -e _test.cc -e _fuzz.cc |
        xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet >build/tidy.log 2>&1 || status=$?
      grep -v -e 'warnings generated' -e '^Suppressed' -e '^Use -header' build/tidy.log || true
      ((status == 0)) || exit 1
      ;;
    *) echo "usage: $0 [format|includes|tidy]..." >&2; exit 2 ;;
  esac
done
