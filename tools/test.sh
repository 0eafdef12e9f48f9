#!/usr/bin/env bash
# The whole test run, or the stages named. Every stage counts as passed or
# failed along with the single tests in it; closes with "N passed, N failed".
#
#   tools/test.sh [lint|unit|e2e|asan|tsan|fuzz]...
#
# SECONDS_PER_FUZZER=20 and FUZZ_SEED=1 say how long and with what random
# numbers each fuzzer searches: the same ones, so that a change is judged by
# what it changed. FUZZ_SEED=0 searches elsewhere each time.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
seconds=${SECONDS_PER_FUZZER:-20}
seed=${FUZZ_SEED:-1}
stages=("$@")
((${#stages[@]})) || stages=(lint unit e2e asan tsan fuzz)
passed=0 failed=0 failures=()

# count NAME COMMAND...: runs one thing that counts as one test.
count() {
  local name=$1 start=$SECONDS
  shift
  if "$@"; then
    passed=$((passed + 1)) && echo "ok   $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1)) && failures+=("$name") && echo "FAIL $name ($((SECONDS - start)) s)"
  fi
}

build() { cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -j "$jobs" -- --quiet; }

# ctest_counted PRESET: adds ctest's own figures of passed and failed tests.
ctest_counted() {
  local log=build/$1/ctest.log name
  ctest --test-dir "build/$1" --output-on-failure -j "$jobs" >"$log" 2>&1
  cat "$log"
  while read -r name; do failed=$((failed + 1)) && failures+=("$1: $name"); done \
    < <(sed -n 's/^ *[0-9]*\/[0-9]* Test *#[0-9]*: \([^ ]*\) .*\*\*\*.*/\1/p' "$log")
  passed=$((passed + $(grep -c '^ *[0-9]*/[0-9]* Test .* Passed ' "$log")))
}

# prepare_e2e: installs the end-to-end tests' clients meanwhile, which is mostly waiting for the network; what fails is
# tried again by the tests themselves, and said there.
prepare_e2e() {
  mkdir -p build
  tests/setup.sh >build/e2e-setup.log 2>&1 &
  clients=$!
}

# e2e_counted: adds the figures that the end-to-end tests close with.
e2e_counted() {
  local log=build/e2e.log before=$failed
  wait "$clients"
  tests/run.sh 2>&1 | tee "$log"
  if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    while read -r name; do failures+=("e2e: $name"); done < <(sed -n 's/^failed: //p' "$log")
  else
    failed=$((failed + 1))
  fi
  ((failed == before)) || failures+=("end to end")
}

run_fuzzer() {
  local name corpus status=0
  name=$(basename "$1")
  corpus=build/fuzz/corpus/$name
  mkdir -p "$corpus"
  "$1" -max_total_time="$seconds" -seed="$seed" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="build/fuzz/$name-" "$corpus" "fuzz/corpus/$name" >"build/fuzz/$name.log" 2>&1 || status=$?
  echo "$status" >"build/fuzz/$name.status"
}

# fuzzed NAME: what its run came to.
fuzzed() {
  [[ $(cat "build/fuzz/$1.status") == 0 ]] || { cat "build/fuzz/$1.log" && return 1; }
}

[[ " ${stages[*]} " != *" e2e "* ]] || prepare_e2e

for stage in "${stages[@]}"; do
  echo "== $stage"
  case $stage in
    lint)
      count "format" tools/lint.sh format
      count "include order" tools/lint.sh includes
      count "clang-tidy" tools/lint.sh tidy
      ;;
    # Each module in one piece, which compiles in half the time.
    unit) count "build unity" build unity && ctest_counted unity ;;
    e2e)
      count "build release" build release && e2e_counted
      ;;
    asan | tsan) count "build $stage" build "$stage" && ctest_counted "$stage" ;;
    fuzz)
      # The fuzzers stand in the build of ASan and UBSan.
      count "build fuzzers" build asan
      mkdir -p build/fuzz && rm -f build/fuzz/*.status
      mapfile -t fuzzers < <(find build/asan/src -type f -name '*_fuzz' -executable | sort)
      export -f run_fuzzer && export seconds seed
      printf '%s\n' "${fuzzers[@]}" | xargs -P "$jobs" -I{} bash -c 'run_fuzzer "$1"' _ {}
      for fuzzer in "${fuzzers[@]}"; do count "$(basename "$fuzzer")" fuzzed "$(basename "$fuzzer")"; done
      ;;
    *) echo "usage: $0 [lint|unit|e2e|asan|tsan|fuzz]..." >&2; exit 2 ;;
  esac
done

for name in "${failures[@]+"${failures[@]}"}"; do echo "failed: $name"; done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
