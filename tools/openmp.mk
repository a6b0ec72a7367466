# OpenMP for chapters 4 and 5: include it after common.mk, with CHAPTER set.
include ../tools/probed.mk

# A chapter's products depend on this; without OpenMP it says what to do and stops.
build/openmp: ../tools/build/probed.mk
	@[ '$(OPENMP)' = yes ] || { echo '$(CHAPTER) needs OpenMP, and $(CC) has none here;' \
	    '`make doctor` says what to install' >&2; exit 1; }
	@mkdir -p build && touch $@

# Without OpenMP there is nothing to build, and the tests say what they skip.
test-build: $(if $(filter no,$(OPENMP)),$(BASE),build)
