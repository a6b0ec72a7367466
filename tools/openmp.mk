# What a probe found out about this compiler: NATIVE, the flag for this machine's processor, and
# OPENMP (yes or no), OPENMP_CFLAGS and OPENMP_LIBS. Include it after common.mk, with CHAPTER set.
export OPENMP_CFLAGS OPENMP_LIBS
ifneq ($(MAKECMDGOALS),clean)
-include ../tools/build/probed.mk
endif

# After a "no" the probe is asked again, once a run: OpenMP may have been installed since.
../tools/build/probed.mk: ../tools/probe.sh ../tools/build/compiler \
    $(if $(filter no,$(OPENMP)$(MAKE_RESTARTS)),FORCE)
	@sh ../tools/probe.sh $@

# A chapter's products depend on this; without OpenMP it says what to do and stops.
build/openmp: ../tools/build/probed.mk
	@[ '$(OPENMP)' = yes ] || { echo '$(CHAPTER) needs OpenMP, and $(CC) has none here;' \
	    '`make doctor` says what to install' >&2; exit 1; }
	@mkdir -p build && touch $@

exercise: build/openmp

# Without OpenMP there is nothing to build, and the tests say what they skip.
test-build: $(if $(filter no,$(OPENMP)),$(BASE),build)
