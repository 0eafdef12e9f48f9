# Tokometer. `make run` and `make test` do everything on a bare Debian 12.

.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
RUN_ARGS ?=
SECONDS_PER_FUZZER ?= 20
FUZZ_SEED ?= 0

.PHONY: help setup setup-test run demo build test unit e2e clis sanitize fuzz bench accuracy format lint install clean

help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup:
	@tools/setup.sh build

setup-test:
	@tools/setup.sh test

run: build ## install what is missing, build, start the proxy and print each call
	build/release/tokometer proxy $(RUN_ARGS)

demo: build ## see it work in a minute, without any key
	build/release/tokometer demo

build: setup ## release binary at build/release/tokometer
	@cmake --preset release >/dev/null
	@bash -c 'cmake --build --preset release -j $(JOBS) | \
	  grep --line-buffered -vE "Re-checking globbed|no work to do"; exit $${PIPESTATUS[0]}'

test: setup-test ## everything: lint, unit and end-to-end tests, sanitizers, fuzzers
	@tools/test.sh

unit: setup-test ## unit tests only, debug build
	@tools/test.sh unit

e2e: build setup-test ## end-to-end tests against the release binary
	@tests/run.sh

clis: build setup-test ## coding CLIs under `tokometer run`; no part of `make test`: installs 1.3 GB from npm
	@tests/clis/run.sh

sanitize: setup-test ## unit tests under ASan+UBSan and TSan
	@tools/test.sh asan tsan

fuzz: setup-test ## each fuzzer for $(SECONDS_PER_FUZZER) s, with other random numbers each time
	@SECONDS_PER_FUZZER=$(SECONDS_PER_FUZZER) FUZZ_SEED=$(FUZZ_SEED) tools/test.sh fuzz

bench: setup-test ## microbenchmarks
	@cmake --preset bench >/dev/null
	@cmake --build --preset bench -j $(JOBS)
	@for b in build/bench/bench/*_bench; do "$$b"; done

accuracy: build setup-test ## read recorded exchanges, compare with other libraries, write docs/accuracy.md
	@python3 tools/accuracy/recorded.py
	@tools/accuracy/setup.sh
	@build/accuracy/venv/bin/python tools/accuracy/accuracy.py

format: setup-test ## rewrite the sources as .clang-format has it
	@git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

lint: setup-test ## format, include order and clang-tidy checks
	@tools/lint.sh

install: build ## binary, man page, completions, systemd user unit under PREFIX
	@DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
