# OpenMP for chapters 4 and 5: include it after common.mk and after setting CHAPTER.
# What a probe found out about this compiler stands in ../tools/build/openmp.mk: OPENMP, and
# OPENMP_CFLAGS and OPENMP_LIBS. `make clean` needs none of it, and must not make it.
export OPENMP_CFLAGS OPENMP_LIBS
ifneq ($(MAKECMDGOALS),clean)
-include ../tools/build/openmp.mk
endif

../tools/build/openmp.mk: ../tools/openmp.sh build/config
	@sh ../tools/openmp.sh $@

# A chapter's products depend on this; without OpenMP it says what to do and stops.
build/openmp: ../tools/build/openmp.mk
	@[ '$(OPENMP)' = yes ] || { echo '$(CHAPTER) needs OpenMP, and $(CC) has none here;' \
	    '`make doctor` says what to install' >&2; exit 1; }
	@touch $@
