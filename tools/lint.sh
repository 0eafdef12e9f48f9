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
      # A module is read as one unit, as in the sanitized builds: most of the time goes into the standard
      # library's headers, which are so read once for each module instead of once for each file.
      cmake --preset asan >/dev/null
      status=0
      find build/asan/src -path '*/tokometer_*/Unity/unity_0_cxx.cxx' |
        xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/asan --quiet >build/tidy.log 2>&1 || status=$?
      grep -v -e 'warnings generated' -e '^Suppressed' -e '^Use -header' build/tidy.log || true
      ((status == 0)) || exit 1
      ;;
    *) echo "usage: $0 [format|includes|tidy]..." >&2; exit 2 ;;
  esac
done
