# What a probe found out about this compiler: NATIVE, the flag for this machine's processor, and
# OPENMP (yes or no), OPENMP_CFLAGS and OPENMP_LIBS. Include it after common.mk. `make clean` needs
# none of it, and must not make it.
export OPENMP_CFLAGS OPENMP_LIBS
ifneq ($(MAKECMDGOALS),clean)
-include ../tools/build/probed.mk
endif

../tools/build/probed.mk: ../tools/probe.sh ../tools/build/compiler
	@sh ../tools/probe.sh $@

# After a "no" the probe is asked again, once a run: OpenMP may have been installed since.
ifeq ($(OPENMP)$(MAKE_RESTARTS),no)
../tools/build/probed.mk: FORCE
endif
