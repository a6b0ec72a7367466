# What every Makefile one level down shares: the environment, the compiler, and how to measure.
# Works from any chapter as `make`, and in a path with spaces, because every path is relative.
CC ?= cc
export CC PYTHON CFLAGS
PY := ../.venv/bin/python
# Set to -mcpu=native, or to nothing, where a compiler does not know it.
NATIVE ?= -march=native
WARNINGS := -Wall -Wextra -Wshadow -Wconversion
BASE := ../.venv/.base
MEASURE = $(PY) ../tools/measure.py --cflags="$(CFLAGS)"

# The first rule below is not what a bare `make` is for.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE

# Both scripts below leave their file alone when nothing changed, so nothing is rebuilt then.
$(BASE): FORCE
	@sh ../tools/setup.sh base

# A change of compiler, flags, interpreter or packages rebuilds whatever depends on this file.
build/config: $(BASE) FORCE
	@mkdir -p build
	@$(CC) --version >/dev/null 2>&1 || sh ../tools/doctor.sh required
	@now="$$($(CC) --version | head -n 1); $(CC) $(CFLAGS); $$(cat ../.venv/.python $(BASE))"; \
	 [ "$$now" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$now" > $@
