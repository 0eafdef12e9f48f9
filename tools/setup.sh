#!/usr/bin/env bash
# Installs the Debian packages that building (and, with `test`, checking) Tokometer needs.
#
#   tools/setup.sh build     compiler, CMake, libraries
#   tools/setup.sh test      the above, plus linters, sanitizer runtimes and test clients' runtimes
#
# Idempotent: packages already there are left alone, and nothing is done when none is missing. Then it brings the tables
# of tokens for the tokenizers (tools/rank_tables.py); without them the build has no tokenizers.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(g++ cmake make ninja-build pkg-config ccache mold
  libssl-dev libsqlite3-dev zlib1g-dev libbrotli-dev libzstd-dev libnghttp2-dev
  libfmt-dev libyaml-cpp-dev libre2-dev ca-certificates
  python3-pip brotli)
test=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev lld-19
  libgtest-dev libgmock-dev libbenchmark-dev python3 python3-venv nodejs npm curl openssl zsh fish libnss3-tools groff
  nghttp2-client)

case ${1:-build} in
  build) want=("${build[@]}") ;;
  test) want=("${build[@]}" "${test[@]}") ;;
  *) echo "usage: $0 build|test" >&2; exit 2 ;;
esac

rank_tables() {
  tools/rank_tables.py || echo "setup: no tables of tokens: tokenizers will be missing from the build" >&2
}

if [[ $(uname -s) != Linux ]]; then
  echo "setup: not a Debian system; install the equivalents of: ${want[*]}" >&2
  rank_tables
  exit 0
fi
missing=()
for package in "${want[@]}"; do
  case $package in
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 && continue ;;
  esac
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
done
((${#missing[@]})) || { rank_tables && exit 0; }

as_root=()
if ((EUID != 0)); then as_root=(sudo); fi
echo "setup: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
rank_tables
