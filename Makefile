# Thin: CMake builds, .ci/ holds the scripts, this file names the everyday commands.
#
#   make demo      install what is missing, build, run examples/session.lua     MAIL="file or directory ..." imports yours
#   make demo-shared  the same, then examples/shared.lua with three processes
#   make test      install what is missing, build, run every test               TESTS=regex runs some
#   make check     linters, formatting, header and Windows compile checks
#   make bench     speed, as ratios against something you know, to build/bench.json
#   make bench-sizes  what lists of mail cost against their size, to docs/speed.md
#   make sanitize  the tests under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer
#   make valgrind  the endings under valgrind
#   make roundtrip what a round trip changes in the messages of a directory, by message   MAIL=directory
#   make fuzz      what parses foreign bytes, under libFuzzer, FUZZ_SECONDS (60) each   FUZZ=name runs one
#   make doc       HTML documentation in build/doc
#   make install   PREFIX=/usr/local
#   make clean

BUILD ?= build
PREFIX ?= /usr/local
CMAKE ?= cmake
LUA ?= lua5.4
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
TESTS ?=
MAIL ?=

.DEFAULT_GOAL := build
.PHONY: build demo test check format bench bench-sizes doc sanitize asan tsan valgrind fuzz roundtrip demo-shared install clean packages-% configure

build: configure
	@[ -e $(BUILD)/mapi/core.so ] || echo "Building in $(BUILD): about a minute, the first time"
	@$(CMAKE) --build $(BUILD) --parallel $(JOBS) -- --no-print-directory $(if $(VERBOSE),VERBOSE=1,-s)

configure:
	@$(CMAKE) -S . -B $(BUILD) -G "Unix Makefiles" $(CMAKE_FLAGS) --log-level=WARNING > /dev/null

packages-%:
	@.ci/packages $*

demo-shared: packages-demo
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_TESTING=OFF $(CMAKE_FLAGS)"
	@.ci/demo-shared $(BUILD) $(LUA)

demo: packages-demo
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_TESTING=OFF $(CMAKE_FLAGS)"
	@.ci/demo $(BUILD) $(LUA) $(MAIL)

test: packages-test
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_TESTING=ON $(CMAKE_FLAGS)"
	@.ci/test $(BUILD) "$(TESTS)"

check: packages-check
	@.ci/check

format:
	@.ci/check --format

roundtrip: packages-test
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_TESTING=ON $(CMAKE_FLAGS)"
	@.ci/with-home env LUA_PATH="$(CURDIR)/?.lua;$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;" \
	    LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;;" $(LUA) spec/support/roundtrip.lua $(or $(MAIL),../shared/data/mail)

bench: packages-bench
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_BENCH=ON $(CMAKE_FLAGS)"
	@.ci/with-home env LUA_PATH="$(CURDIR)/?.lua;$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;" \
	    LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;;" MAPI_BUILD_DIR="$(CURDIR)/$(BUILD)" $(LUA) bench/run.lua $(BENCH)

bench-sizes: packages-bench
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_BENCH=ON $(CMAKE_FLAGS)"
	@.ci/with-home env LUA_PATH="$(CURDIR)/?.lua;$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;" \
	    LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;;" $(LUA) bench/sizes.lua docs

sanitize: asan tsan

asan: packages-test
	@$(MAKE) --no-print-directory build BUILD=$(BUILD)/asan CMAKE_FLAGS="-DSANITIZE=address,undefined"
	@MAPI_SOAK=1000 .ci/test $(BUILD)/asan "$(TESTS)"

tsan: packages-test
	@$(MAKE) --no-print-directory build BUILD=$(BUILD)/tsan CMAKE_FLAGS="-DSANITIZE=thread"
	@MAPI_SOAK=1000 .ci/test $(BUILD)/tsan "$(or $(TESTS),^(c|host)\.)"

fuzz: packages-fuzz
	@.ci/fuzz $(BUILD)/fuzz $(FUZZ)

valgrind: packages-valgrind
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_TESTING=ON $(CMAKE_FLAGS)"
	@.ci/valgrind $(BUILD)

doc: packages-doc
	@ldoc --quiet --config docs/config.ld .

install: build
	@$(CMAKE) --install $(BUILD) --prefix $(PREFIX)

clean:
	@rm -rf $(BUILD) build.luarocks
