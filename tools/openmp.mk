# OpenMP for chapters 4 and 5: include it after common.mk, with CHAPTER set.
# ../tools/build/openmp.mk says what a probe found out about this compiler: OPENMP, and
# OPENMP_CFLAGS and OPENMP_LIBS. `make clean` needs none of it, and must not make it.
export OPENMP_CFLAGS OPENMP_LIBS
ifneq ($(MAKECMDGOALS),clean)
-include ../tools/build/openmp.mk
endif

../tools/build/openmp.mk: ../tools/openmp.sh ../tools/build/cc
	@sh ../tools/openmp.sh $@

../tools/build/cc: FORCE
	@mkdir -p ../tools/build
	@now="$(CC) $$($(CC) --version | head -n 1)"; \
	 [ "$$now" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$now" > $@

# After a "no" the probe is asked again, once a run: OpenMP may have been installed since.
ifeq ($(OPENMP)$(MAKE_RESTARTS),no)
../tools/build/openmp.mk: FORCE
endif

# A chapter's products depend on this; without OpenMP it says what to do and stops.
build/openmp: ../tools/build/openmp.mk
	@[ '$(OPENMP)' = yes ] || { echo '$(CHAPTER) needs OpenMP, and $(CC) has none here;' \
	    '`make doctor` says what to install' >&2; exit 1; }
	@mkdir -p build && touch $@

# Without OpenMP there is nothing to build, and the tests say what they skip.
test-build: $(if $(filter no,$(OPENMP)),$(BASE),build)
