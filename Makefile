# Beyond the GIL. `make` does everything; `make help` lists the rest.
CHAPTERS := 01-gil-demo 02-threads-in-c 03-nogil-extension 04-openmp-prange 05-sgd-case-study
NUMBERS := 1 2 3 4 5
chapter = $(filter 0$*-%,$(CHAPTERS))
include tools/environment.mk

# Timed runs must not share the machine, so this level never runs two things at once under -j.
# Inside a chapter, builds still do.
.NOTPARALLEL:
AT_EXERCISES := exercise hint watch solution reset
.PHONY: all setup peers mpi limits scaling results progress report test doctor check-room room lint clean \
    distclean help
.PHONY: $(foreach name,chapter more test $(AT_EXERCISES),$(NUMBERS:%=$(name)-%)) $(AT_EXERCISES)

all: setup ## set up if needed, then build, run and time all five chapters
	@status=0; export BRIEF=yes; \
	for chapter in $(CHAPTERS); do \
	    echo "$$chapter"; \
	    $(MAKE) --no-print-directory -s -C $$chapter build >/dev/null || \
	        { rm -f $$chapter/build/*.json; status=1; continue; }; \
	    $(MAKE) --no-print-directory -s -C $$chapter run || status=1; \
	    $(MAKE) --no-print-directory -s -C $$chapter more || status=1; \
	done; \
	echo; python tools/results.py summary $(CHAPTERS) && \
	    python tools/results.py machine $(CHAPTERS) && echo 'next: make chapter-1' && exit $$status

$(NUMBERS:%=chapter-%): chapter-%: setup ## one chapter: its question, build, the tables that answer it
	@python tools/page.py question $(chapter)
	@echo
	@$(MAKE) --no-print-directory -C $(chapter) build
	@$(MAKE) --no-print-directory -C $(chapter) run
	@python tools/results.py machine $(chapter)
	@python tools/page.py next $(chapter)

$(NUMBERS:%=more-%): more-%: setup ## the chapter's other programs
	@$(MAKE) --no-print-directory -C $(chapter) build
	@$(MAKE) --no-print-directory -C $(chapter) more
	@echo 'your turn: make exercise-$*'

setup: ## make .venv from the locked requirements (make does that too)
	@$(MAKE) --no-print-directory -C tools base

# Each of these does in the chapter's folder what its name says.
$(NUMBERS:%=exercise-%): exercise-%: setup ## check your work in chapter N's exercise
$(NUMBERS:%=hint-%): hint-%: setup ## one more hint for it
$(NUMBERS:%=watch-%): watch-%: setup ## check it at each save
$(NUMBERS:%=solution-%): solution-%: setup ## how it differs from the solution
$(NUMBERS:%=reset-%): reset-%: setup ## begin it anew, and keep your work aside
words = $(subst -, ,$@)
$(foreach name,$(AT_EXERCISES),$(NUMBERS:%=$(name)-%)):
	@$(MAKE) --no-print-directory -C $(word $(lastword $(words)),$(CHAPTERS)) $(firstword $(words))

$(AT_EXERCISES):
	@echo 'which chapter? make $@-1 to $@-5'; exit 2

progress: setup ## how far you are
	@python tools/practice.py progress $(CHAPTERS)

report: setup ## README and chapters with your own figures, in one file for a browser
	@python tools/report.py README.md $(CHAPTERS:%=%/README.md)

peers: ## add the libraries that the chapters compare themselves with
	@$(MAKE) --no-print-directory -C tools peers
	@echo 'make more-3, more-4 and more-5 compare the chapters with them'

mpi: setup ## chapter 5 in several processes: Open MPI is installed, and the ranks are timed
	@$(MAKE) --no-print-directory -C tools mpi
	@$(MAKE) --no-print-directory -C 05-sgd-case-study mpi
	@echo 'what follows for many machines: 05-sgd-case-study/README.md, section 6'

limits: setup ## measure what this machine's memory and cores can do
	@$(MAKE) --no-print-directory -C 04-openmp-prange measure-limits
	@echo 'how near the loops of chapter 4 come: make chapter-4'

# On a machine with more cores than two, the first thing to look at.
scaling: setup ## the parallel versions on 1, 2, 4 ... threads (THREADS=8: on at most 8)
	@for chapter in $(wordlist 2,5,$(CHAPTERS)); do \
	    $(MAKE) --no-print-directory -s -C $$chapter build || exit 1; done
	@sh tools/scaling.sh $(or $(filter-out all,$(THREADS)),$(CPUS))
	@echo 'what stops a loop: 04-openmp-prange/README.md, section 3'

results: setup ## measure what is not, and write the tables into the pages
	@for chapter in $(CHAPTERS); do $(MAKE) --no-print-directory -s -C $$chapter build || exit 1; done
	@python tools/publish.py README.md $(CHAPTERS:%=%/README.md)

test: setup ## test everything; test-N one chapter
	@set -e; for folder in tools $(CHAPTERS); do $(MAKE) --no-print-directory -C $$folder test-build; done
	@python tools/test.py tools $(CHAPTERS)

$(NUMBERS:%=test-%): test-%: setup
	@$(MAKE) --no-print-directory -C $(chapter) test

doctor: ## check compiler, Python, OpenMP ...; print what to install
	@LEFT_OUT='$(LEFT_OUT)' sh tools/doctor.sh

# It shows no tables, which would give chapter 1's answer away.
check-room: ## before a workshop: doctor, set-up, build, and chapter 1 runs; ends with READY
	@$(MAKE) --no-print-directory -s room || \
	    { echo 'not ready: do what is said above, then type make check-room again' >&2; exit 1; }

room:
	@sh tools/doctor.sh
	@sh tools/setup.sh base
	@for chapter in $(CHAPTERS); do echo "building $$chapter"; \
	    $(MAKE) --no-print-directory -s -C $$chapter build >/dev/null || exit 1; done
	@BRIEF=yes $(MAKE) --no-print-directory -s -C $(firstword $(CHAPTERS)) run
	@echo READY

lint: setup ## check the style of C, Python and shell
	@$(MAKE) --no-print-directory -C tools lint
	@echo 'no remarks; make test is next'

clean: ## remove what was built and measured
	@set -e; for folder in tools $(CHAPTERS); do $(MAKE) --no-print-directory -C $$folder clean; done
	@find tools $(CHAPTERS) -name __pycache__ -prune -exec rm -r {} +

distclean: clean ## ... and .venv
	rm -rf .venv .ruff_cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z$$][^=]*:.*## /{if (match($$0, /: [a-z]+-%:/)) $$1 = substr($$0, RSTART + 2, RLENGTH - 4) "N"; printf "  make %-12s %s\n", $$1, $$2}' Makefile
