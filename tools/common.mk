# What every Makefile one level down shares: the environment, the compiler, and how to measure.
include ../tools/environment.mk
export CFLAGS
WARNINGS := -Wall -Wextra -Wshadow -Wconversion
BASE := ../.venv/.base
# The threads of every program that is measured: -t N, with N at most what the chapter can use.
MOST_THREADS ?= 256
T = $(if $(THREADS),-t $(shell \
    printf '%s\n' $(if $(filter all,$(THREADS)),$(CPUS),$(THREADS)) $(MOST_THREADS) | \
    sort -n | head -n 1))
# ... of which some need two at least.
T2 = $(if $(filter 1,$T),,$T)
export T T2
# It takes more seconds for each table from make BUDGET=60, for a machine that is not quiet.
MEASURE = python ../tools/measure.py

# The first rule below is not what a bare `make` is for.
.DEFAULT_GOAL := all
.PHONY: FORCE run more test exercise hint solution reset watch

# The script leaves its stamp alone when nothing changed, so nothing is rebuilt then.
$(BASE): FORCE
	@sh ../tools/setup.sh base

# So do the next two files, whose time only changes with their text: $(call rewrite,TEXT).
rewrite = now="$1"; [ "$$now" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$now" > $@

# A file system may be shared by machines whose processors know other instructions.
../tools/build/compiler: FORCE
	@mkdir -p ../tools/build
	@$(CC) --version >/dev/null 2>&1 || sh ../tools/doctor.sh required
	@$(call rewrite,$$($(CC) --version | head -n 1) on $$(uname -m; \
	    grep -m 1 -E '^(flags|Features)' /proc/cpuinfo 2>/dev/null | cksum))

# A change of compiler, flags, interpreter or packages rebuilds whatever depends on this file.
build/config: $(BASE) ../tools/build/compiler FORCE
	@mkdir -p build
	@$(call rewrite,$(CC) $(CFLAGS) $$(cat ../tools/build/compiler ../.venv/.python $(BASE)))

# One table of tables.toml.
measure-%: build
	@$(MEASURE) $*

test: test-build
	python ../tools/test.py .

# Checks the reader's exercise/mine.*, or another: make exercise WORK=exercise/solution.c
# On a terminal the check has the last word, and not make; elsewhere its exit code counts.
exercise: $(BASE)
	@python exercise/check.py $(if $(WORK),"$(WORK)") || { [ $$? -eq 1 ] && [ -t 1 ]; }

# ... and what else a reader may want at an exercise.
hint solution reset watch: $(BASE)
	@python ../tools/practice.py $@ .
