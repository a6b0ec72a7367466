# What every Makefile one level down shares: the environment, the compiler, and how to measure.
# Works from any chapter as `make`, and in a path with spaces.
CC ?= cc
export CC PYTHON CFLAGS
# `python` is the environment's, found by its absolute path: CPython 3.14 and newer warn at each
# start of one that is called through `..` (CPython issue 156495).
export PATH := $(abspath ../.venv/bin):$(PATH)
WARNINGS := -Wall -Wextra -Wshadow -Wconversion
BASE := ../.venv/.base
include ../tools/threads.mk
# The threads of every program that is measured: -t N, with N at most what the chapter can use.
MOST_THREADS ?= 256
T = $(if $(THREADS),-t $(shell n=$(if $(filter all,$(THREADS)),$$("$(abspath ../.venv/bin)/python" ../tools/cpus.py),$(THREADS)); echo $$((n > $(MOST_THREADS) ? $(MOST_THREADS) : n))))
# ... of which some need two at least.
T2 = $(if $(filter 1,$T),,$T)
export T T2
# make BUDGET=60: more seconds for each table, for a machine that is not quiet.
MEASURE = python ../tools/measure.py $(if $(BUDGET),--budget $(BUDGET))

# The first rule below is not what a bare `make` is for.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE run more test exercise help

# Both scripts below leave their file alone when nothing changed, so nothing is rebuilt then.
$(BASE): FORCE
	@sh ../tools/setup.sh base

# A change of compiler, flags, interpreter or packages rebuilds whatever depends on this file.
build/config: $(BASE) FORCE
	@mkdir -p build
	@$(CC) --version >/dev/null 2>&1 || sh ../tools/doctor.sh required
	@now="$$($(CC) --version | head -n 1); $(CC) $(CFLAGS); $$(cat ../.venv/.python $(BASE))"; \
	 [ "$$now" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$now" > $@

# One table of tables.toml.
measure-%: build
	@$(MEASURE) $*

test: test-build
	python ../tools/test.py .

# Checks the reader's exercise/mine.*, or another: make exercise WORK=exercise/solution.c
# On a terminal the check has the last word, and not make; elsewhere its exit code counts.
exercise: $(BASE)
	@[ -e exercise ] || { echo 'this chapter has no exercise; its README has things to try'; exit 2; }
	@PYTHONPATH=../tools python exercise/check.py $(if $(WORK),"$(WORK)") || { [ $$? -eq 1 ] && [ -t 1 ]; }

help:
	@echo 'all, build, run, test, exercise, clean; make help in the folder above explains them'

.DEFAULT:
	@echo "there is no '$@' to make here; in the folder above, type make $@, or make help" >&2; exit 2
