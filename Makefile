# nhip: events from Kafka -> counters in Redis -> an adoption snapshot. `make help` says what can be done here.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
BUILD ?= build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
comma := ,
VERSION := 0.1.0
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

LIBRARIES := rdkafka hiredis jansson libxxhash libmd libzstd libssl libcrypto libmicrohttpd sqlite3 libsystemd
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wcast-qual -Wcast-align -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wfloat-equal -Wwrite-strings
CFLAGS ?= -O2 -g
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE $(WARNINGS) $(if $(DEVELOPER),-Werror) -fno-common -fstack-protector-strong \
  $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=2) \
  -iquote . -iquote include -include include/banned.h $(CFLAGS)
LIBS = $(shell pkg-config --libs $(LIBRARIES)) -lreadstat $(if $(SANITIZE),,-ljemalloc) -lm -lpthread

SOURCES := $(filter-out aggregate/main.c,$(wildcard ingest/*.c aggregate/*.c aggregate/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
HELPERS := $(patsubst tests/support/%.c,$(BUILD)/tests/support/%.o,$(wildcard tests/support/*.c))
# The thread sanitizer of gcc 12 does not know the C11 threads in which librdkafka runs; these stand in their place.
THREADS := $(if $(filter thread,$(SANITIZE)),$(BUILD)/tests/support/tsan/threads.o)
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))
Q = $(if $(V),,@)

.PHONY: help all deps deps-test demo test check tidy soak fuzz bench bench-profile clean unit-tests tools

help: ## this list
	@echo "nhip $(VERSION): make TARGET [SANITIZE=address,undefined|thread] [DEVELOPER=1] [V=1] [PREFIX=/usr/local] [DESTDIR=]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile ops/packaging.mk | expand -t 16

all: $(BUILD)/nhip ## build build/nhip (needs the packages of `make deps`)

deps: ## install the Debian packages that building and the demo need
	$(Q)ops/install-packages.sh run

deps-test: ## install what the tests need beside that
	$(Q)ops/install-packages.sh run test

demo: deps ## one command: Kafka (mock) -> Redis -> adoption table and snapshot, under build/demo/
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(BUILD)/nhip demo --dir $(BUILD)/demo $(if $(KAFKA),--kafka $(KAFKA)) $(if $(REDIS),--redis $(REDIS))

test: deps-test ## build and run every test (real Kafka and Redis; minutes)
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all unit-tests tools DEVELOPER=1
	$(Q)BUILD=$(BUILD) tests/run.sh

check: ## unit tests and gates only (seconds, no network)
	$(Q)$(MAKE) --no-print-directory all unit-tests DEVELOPER=1
	$(Q)BUILD=$(BUILD) tests/run.sh quick

tidy: ## the gates on sizes, rooms, banned words, headers
	$(Q)tests/tidy.sh

soak: deps-test ## long runs: 2 M events against two oracles, 20 kills, rebalances (MINUTES=60 is the bound)
	$(Q)$(MAKE) --no-print-directory all unit-tests tools
	$(Q)BUILD=$(BUILD) MINUTES=$(or $(MINUTES),60) tests/soak.sh

fuzz: deps-test ## the decoder against its reference on mutated messages (MINUTES=2)
	$(Q)BUILD=$(BUILD) tests/fuzz.sh $(or $(MINUTES),2)

bench: deps-test ## events/s, CPU and memory on real Kafka beside a consumer that does nothing
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)BUILD=$(BUILD) tests/bench.sh

bench-profile: deps-test ## instructions per event and room against tests/bench/budget.txt (UPDATE=1 rewrites it)
	$(Q)$(MAKE) --no-print-directory $(BUILD)/tools/bench_load $(BUILD)/tools/pipeline_speed
	$(Q)CC="$(CC)" CFLAGS="$(CFLAGS)" SANITIZE="$(SANITIZE)" tests/bench/profile.py $(BUILD) $(if $(UPDATE),update)

clean: ## remove build/
	rm -rf build

unit-tests: $(UNIT_TESTS)
tools: $(TOOLS)

$(BUILD)/nhip: $(BUILD)/aggregate/main.o $(THREADS) $(BUILD)/libnhip.a
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/libnhip.a: $(OBJECTS)
	@echo "  AR   $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/test_%: $(BUILD)/tests/unit/test_%.o $(HELPERS) $(THREADS) $(BUILD)/libnhip.a
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/tools/%: $(BUILD)/tests/tools/%.o $(HELPERS) $(THREADS) $(BUILD)/libnhip.a
	@echo "  LINK $@"
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(WRAP)

# Only with SANITIZE=fuzzer,...: tests/fuzz.sh calls it.
FUZZED := $(wildcard ingest/decode*.c ingest/unit*.c) ingest/amount_bounds.c ingest/currency.c ingest/zone.c ingest/codes.c \
  ingest/fault.c tests/support/event_text.c $(patsubst %,tests/fuzz/fuzz_%.c,mutate outline words)
$(BUILD)/fuzz_mapping: $(patsubst %.c,$(BUILD)/%.o,$(wildcard ingest/mapping*.c) ingest/text_bytes.c)
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(patsubst %.c,$(BUILD)/%.o,$(FUZZED))
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ -ljansson

# Counts the allocations that our own code makes (not those of libraries); the other names: see the tools.
COUNTED := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup
$(BUILD)/tools/pipeline_speed: WRAP := $(COUNTED),--wrap=send
$(BUILD)/tools/stage_speed: WRAP := $(COUNTED),--wrap=waker_create
$(BUILD)/tools/nhip_counted: WRAP := $(COUNTED),--wrap=status_add
$(BUILD)/tools/nhip_counted: $(BUILD)/aggregate/main.o
TORTURED := malloc calloc realloc aligned_alloc strdup strndup open_memstream __asprintf_chk read pread write fsync fdatasync \
  ftruncate lseek mkdir mkdtemp chmod rename renameat2 unlink unlinkat rmdir stat fstat access opendir readdir close open fopen \
  fileno clock_gettime
empty :=
$(BUILD)/tools/nhip_tortured: WRAP := -Wl$(subst $(empty) ,,$(patsubst %,$(comma)--wrap=%,$(TORTURED)))
$(BUILD)/tools/nhip_tortured: $(BUILD)/aggregate/main.o

# OpenSSL declares members by names that banned.h forbids; it is included before that, as the C library is.
$(BUILD)/aggregate/store/tls.o: FIRST := -include openssl/ssl.h -include openssl/x509v3.h

# The live page is put into the program as it is (.incbin), of which the compiler's dependencies say nothing.
$(BUILD)/aggregate/http/page.o: $(wildcard aggregate/http/page/*)

$(BUILD)/%.o: %.c
	@echo "  CC   $<"
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(FIRST) $(CFLAGS_ALL) -DNHIP_VERSION='"$(VERSION)"' $(if $(filter %/version.c,$<),-DNHIP_COMMIT='"$(COMMIT)"') \
	  -MMD -MP -c -o $@ $<

.SECONDARY:
include tests/sim/sim.mk tests/faults/faults.mk ops/packaging.mk
-include $(OBJECTS:.o=.d) $(BUILD)/aggregate/main.d
-include $(wildcard $(BUILD)/tests/*/*.d)
