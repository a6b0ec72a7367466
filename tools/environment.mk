# What every Makefile begins with: an environment that only these files and the command line
# decide, so that each reader gets the same results.
$(if $(filter 3.%,$(MAKE_VERSION)),$(error GNU Make 4 is needed (macOS: brew install make; gmake)))
ROOT := $(if $(wildcard tools/environment.mk),.,..)

# A shell, conda or another project may have set these, and they would lead Python, `cd` or pip
# elsewhere. `make doctor` names what was set.
UNWANTED := PYTHONPATH PYTHONHOME PYTHONOPTIMIZE PYTHONSAFEPATH PYTHONHASHSEED PYTHONWARNINGS \
    CDPATH PIP_DRY_RUN
LEFT_OUT := $(strip $(foreach name,$(UNWANTED),$(if $(filter environment,$(origin $(name))),$(name))))
unexport $(UNWANTED)

# `python` is the environment's, found by its absolute path: CPython 3.14 and newer warn at each
# start of one that is called through `..` (CPython issue 156495). OUTSIDE, the path without it,
# leads to the Python that the environment is made with.
export OUTSIDE := $(subst $(abspath $(ROOT)/.venv/bin):,,$(PATH))
override export PATH := $(abspath $(ROOT)/.venv/bin):$(OUTSIDE)
# How many CPUs the environment's Python may use, by affinity and in a container.
CPUS = $(shell "$(abspath $(ROOT)/.venv/bin)/python" -Ic 'import loky; print(loky.cpu_count())')
# An empty CC= counts as unset, and make -R knows no CC.
override CC := $(or $(strip $(CC)),cc)
export CC PYTHON

# What a reader sets is looked at before anything is made: $(call expect,NAME,PATTERN,WORDS).
expect = $(if $($1),$(if $(shell printf '%s\n' '$($1)' | grep -Ex '$2'),,$(error $1=$($1): expected $3)))
$(call expect,THREADS,all|[1-9][0-9]*,a number or all)
$(call expect,BUDGET,[0-9]+([.][0-9]+)?,a number of seconds)

.DELETE_ON_ERROR:
.SUFFIXES:
