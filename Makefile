# minecanary: build, test, measure, install. `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr/local
VERSION := 0.1.0
CC      ?= gcc
CLANG   ?= clang
PKG_CONFIG ?= pkg-config
SAN     ?=

PKGS       := libpcap libndpi hiredis yaml-0.1 libssl libcrypto libcap-ng zlib jansson libmicrohttpd
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PKGS)))
TRAIL_LIBS := $(shell $(PKG_CONFIG) --libs hiredis libssl libcrypto yaml-0.1 zlib jansson) -lm -pthread
LIBS       := $(shell $(PKG_CONFIG) --libs $(PKGS)) -lm -pthread

WARN  := -Wall -Wextra -Wshadow -Wconversion -Wundef -Wvla -Wformat=2 -Wcast-align \
         -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough
OPT   ?= -O3 -g
CFLAGS ?=
# The programs are optimised as a whole; the objects hold plain code, too, which the unit tests link.
LTO   ?= $(if $(SAN)$(findstring clang,$(CC)),,-flto=auto -ffat-lto-objects)
# GCC copies and clears with `rep movs` and `rep stos` what is often a few bytes: their start alone takes
# longer than a call of memcpy().
STRINGS := -mmemcpy-strategy=vector_loop:128:noalign,libcall:-1:noalign \
           -mmemset-strategy=vector_loop:256:noalign,libcall:-1:noalign
ifneq ($(shell $(CC) -Werror $(STRINGS) -E -x c /dev/null >/dev/null 2>&1 && echo yes),yes)
STRINGS := # another compiler, or another machine
endif
COMMON := -std=gnu11 -I. -D_GNU_SOURCE -DMINECANARY_VERSION='"$(VERSION)"' $(WARN) $(OPT) \
          $(STRINGS) -fstack-protector-strong -fPIE -pthread
LDHARD := -pie -Wl,-z,relro,-z,now
ifeq ($(SAN),)
COMMON += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
COMMON += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDHARD += -fsanitize=$(SAN)
endif

PROTO_SRC  := $(sort $(wildcard protocols/*.c))
SENSOR_SRC := $(sort $(filter-out sensor/main.c,$(wildcard sensor/*.c)))
TRAIL_SRC  := $(sort $(filter-out sensor/trail/main.c,$(wildcard sensor/trail/*.c)))
UNIT_SRC   := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC  := $(sort $(wildcard tests/bench/*.c))
BENCH_DIRS := meter traffic
# The names in one list of dialect.h: DIALECTS or CARRIERS.
ids_of       = $(shell sed -n '/define $(1)(X)/,/^$$/s/^[[:space:]]*X(\([a-z0-9_]*\)).*/\1/p' \
                       protocols/dialect.h)
DIALECT_IDS := $(call ids_of,DIALECTS)
CARRIER_IDS := $(call ids_of,CARRIERS)

PROTO_OBJ  := $(PROTO_SRC:%.c=$(BUILD)/obj/%.o)
SENSOR_OBJ := $(SENSOR_SRC:%.c=$(BUILD)/obj/%.o)
TRAIL_OBJ  := $(TRAIL_SRC:%.c=$(BUILD)/obj/%.o)
UNIT_BIN   := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_BIN   := $(filter-out %/fuzz_dialect %/fuzz_carrier,$(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)) \
              $(DIALECT_IDS:%=$(BUILD)/fuzz/dialect_%) \
              $(CARRIER_IDS:%=$(BUILD)/fuzz/carrier_%)
BENCH_BIN  := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
BENCH_BIG  := $(BENCH_DIRS:%=$(BUILD)/bench/%)

.PHONY: all unit golden-update check lint fuzz fuzz-build bench bench-build bench-live soak install \
        clean help unit-build unit-threads test-tools

all: $(BUILD)/minecanary $(BUILD)/minecanary-trail  ## build both programs

$(BUILD)/minecanary: $(BUILD)/obj/sensor/main.o $(BUILD)/libsensor.a $(BUILD)/libprotocols.a
	$(CC) $(COMMON) $(CFLAGS) $(LTO) $(LDHARD) -o $@ $^ $(LIBS)

$(BUILD)/libprotocols.a: $(PROTO_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libsensor.a: $(SENSOR_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# The second program: no pcap, no nDPI.
$(BUILD)/minecanary-trail: $(BUILD)/obj/sensor/trail/main.o $(BUILD)/libtrail.a \
                           $(BUILD)/libsensor.a $(BUILD)/libprotocols.a
	$(CC) $(COMMON) $(CFLAGS) $(LTO) $(LDHARD) -o $@ $^ $(TRAIL_LIBS)

$(BUILD)/libtrail.a: $(TRAIL_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# protocols/ needs no library.
$(BUILD)/obj/protocols/%.o: protocols/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(CFLAGS) $(LTO) -MMD -MP -c -o $@ $<

$(BUILD)/obj/sensor/%.o: sensor/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(PKG_CFLAGS) $(CFLAGS) $(LTO) -MMD -MP -c -o $@ $<

# Their text is assembled; an optimiser that splits the program loses its labels.
$(BUILD)/obj/sensor/lists_default.o $(BUILD)/obj/sensor/trail/prices_default.o: override LTO :=

# The default list is in the object as it is.
$(BUILD)/obj/sensor/lists_default.o $(BUILD)/fuzz/obj/sensor/lists_default.o: sensor/pools.list

# The shipped prices are in the object as they are.
$(BUILD)/obj/sensor/trail/prices_default.o $(BUILD)/fuzz/obj/sensor/trail/prices_default.o: sensor/trail/prices.list

# Tests run for a moment: nothing is won by more, and what is unrolled warns of what cannot be.
TEST_OPT := $(if $(filter -O3,$(OPT)),-O1) $(if $(LTO),-fno-lto)
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libtrail.a $(BUILD)/libsensor.a $(BUILD)/libprotocols.a
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(PKG_CFLAGS) $(CFLAGS) $(TEST_OPT) $(LDHARD) -MMD -MP -o $@ $< \
		$(BUILD)/libtrail.a $(BUILD)/libsensor.a $(BUILD)/libprotocols.a -lcmocka $(LIBS)

# Those with threads of their own, for the sanitizer that looks for races.
THREAD_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(shell grep -lE \
                'pthread_create|reader_start|publisher_run|inquirer_rig' $(UNIT_SRC)))
unit-threads: $(THREAD_BIN)             ## run the unit tests that have threads
	@sh tests/unit/run.sh $(THREAD_BIN)

unit-build: $(UNIT_BIN)
unit: $(UNIT_BIN)                       ## run the unit tests
	@sh tests/unit/run.sh $(UNIT_BIN)

# The fuzzers carry their own instrumented objects.
FUZZ_FLAGS := -std=gnu11 -I. -D_GNU_SOURCE -DMINECANARY_VERSION='"$(VERSION)"' -O1 -g1 \
              -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -pthread
FUZZ_OBJ   := $(PROTO_SRC:%.c=$(BUILD)/fuzz/obj/%.o) $(SENSOR_SRC:%.c=$(BUILD)/fuzz/obj/%.o) \
              $(TRAIL_SRC:%.c=$(BUILD)/fuzz/obj/%.o)

$(BUILD)/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/libfuzzed.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/libfuzzed.a
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer $(PKG_CFLAGS) -o $@ $< $(BUILD)/fuzz/libfuzzed.a $(LIBS)

$(BUILD)/fuzz/dialect_%: tests/fuzz/fuzz_dialect.c $(BUILD)/fuzz/libfuzzed.a
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -DDIALECT=$* -o $@ $< $(BUILD)/fuzz/libfuzzed.a $(LIBS)

$(BUILD)/fuzz/carrier_%: tests/fuzz/fuzz_carrier.c $(BUILD)/fuzz/libfuzzed.a
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -DCARRIER=$* -o $@ $< $(BUILD)/fuzz/libfuzzed.a $(LIBS)

fuzz-build: $(FUZZ_BIN)
fuzz: $(FUZZ_BIN)                       ## fuzz every parser, FUZZ_SECONDS each (default 20)
	@sh tests/fuzz/run.sh $(FUZZ_BIN)

golden-update: all                      ## rewrite the expected events; review with git diff
	@python3 tests/golden/golden.py --update --binary $(BUILD)/minecanary

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libsensor.a $(BUILD)/libprotocols.a
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(PKG_CFLAGS) $(CFLAGS) $(LTO) $(LDHARD) -MMD -MP -o $@ $< \
		$(BUILD)/libsensor.a $(BUILD)/libprotocols.a $(LIBS)

# Those of several files, one folder each.
.SECONDEXPANSION:
$(BENCH_BIG): $(BUILD)/bench/%: $$(wildcard tests/bench/$$*/*.[ch]) $(BUILD)/libsensor.a \
              $(BUILD)/libprotocols.a
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(PKG_CFLAGS) $(CFLAGS) $(LTO) $(LDHARD) -o $@ $(filter %.c,$^) $(filter %.a,$^) $(LIBS)

bench-build: all $(BENCH_BIN) $(BENCH_BIG)
bench: bench-build                      ## what it costs beside the anchors and its peers, and what it finds
	@BUILD=$(BUILD) sh tests/bench/bench.sh

bench-live: bench-build                 ## packets received and dropped, live, at rising rates; needs root
	@BUILD=$(BUILD) sh tests/bench/live.sh

soak: bench-build                       ## 24 h of traffic in some minutes while Redis is killed at random
	@python3 tests/redis/soak.py --build $(BUILD)

lint:                                   ## include directions, format, cppcheck, clang-tidy, shellcheck
	@BUILD=$(BUILD) sh scripts/lint.sh

check:                                  ## every test; what CI runs
	@sh scripts/check.sh

install: all $(BUILD)/minecanary-trail  ## install below $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/minecanary $(DESTDIR)$(PREFIX)/sbin/minecanary
	install -D -m 644 sensor/minecanary.8 $(DESTDIR)$(PREFIX)/share/man/man8/minecanary.8
	install -D -m 755 $(BUILD)/minecanary-trail $(DESTDIR)$(PREFIX)/bin/minecanary-trail
	install -D -m 644 sensor/trail/minecanary-trail.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/minecanary-trail.8
	install -D -m 644 sensor/trail/prices.list $(DESTDIR)$(PREFIX)/share/minecanary/prices.list
	install -D -m 644 scripts/install/minecanary.yaml $(DESTDIR)/etc/minecanary/minecanary.yaml
	install -D -m 644 sensor/pools.list $(DESTDIR)$(PREFIX)/share/minecanary/pools.list
	install -D -m 644 scripts/install/minecanary.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/minecanary.service
	install -D -m 644 scripts/install/minecanary.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/minecanary.conf
	install -D -m 644 scripts/install/minecanary.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/minecanary

clean:                                  ## remove everything that was built
	rm -rf $(BUILD)

help:                                   ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile

-include $(PROTO_OBJ:.o=.d) $(SENSOR_OBJ:.o=.d) $(TRAIL_OBJ:.o=.d) \
         $(BUILD)/obj/sensor/main.d $(UNIT_BIN:=.d) \
         $(BENCH_BIN:=.d) $(FUZZ_OBJ:.o=.d)
