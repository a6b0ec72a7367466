# The same loop in other languages, in build/other/; the chapter's Makefile includes this.
# A language whose tools are missing is left out. That is no error.
override CXX := $(or $(if $(filter default,$(origin CXX)),,$(strip $(CXX))),c++)
override RUSTC := $(or $(strip $(RUSTC)),rustc)
OTHER := build/other
# The functions of libprimes_c.so are found when a library is loaded. macOS wants to be told.
LATER := $(shell [ "$$(uname -s)" != Darwin ] || echo -Wl,-undefined,dynamic_lookup)
INCLUDES = $$(python -m pybind11 --includes 2>/dev/null)
PYBIND11 = $(CXX) $(CFLAGS) -std=c++17 -fPIC -fvisibility=hidden $(INCLUDES)
RUST = $(RUSTC) --edition 2021 -C opt-level=2 --crate-type cdylib $(LATER:%=-C link-arg=%) -o $@
# $(call if_works,TRIAL,COMMAND): run COMMAND if TRIAL succeeds, or leave no library behind.
# Without these flags, in which rustc would look for a share in make -j.
if_works = @rm -f $@; unset MAKEFLAGS MFLAGS; eval "$(1)" >/dev/null 2>&1 || exit 0; echo '$(2)'; eval "$(2)"

.PHONY: other
other: $(addprefix $(OTHER)/,primes_pybind11.so libprimes_rust.so _primes_cffi.so)

$(OTHER)/libprimes_c.so: other-languages/primes_c.c ../tools/meet.h build/config
	@mkdir -p $(OTHER)
	$(CC) $(CFLAGS) $(WARNINGS) -shared -fPIC $< -o $@

$(OTHER)/primes_pybind11.so: other-languages/primes_pybind11.cpp $(OTHER)/libprimes_c.so
	$(call if_works,echo '#include <pybind11/pybind11.h>' | $(PYBIND11) -x c++ -fsyntax-only \
	    -,$(PYBIND11) -Wall -Wextra -shared $(LATER) $< -o $@)

$(OTHER)/libprimes_rust.so: other-languages/primes_rust.rs $(OTHER)/libprimes_c.so
	$(call if_works,echo | $(RUST) -,$(RUST) $<)

$(OTHER)/_primes_cffi.so: other-languages/primes_cffi.py $(OTHER)/libprimes_c.so
	$(call if_works,python -c 'import cffi',python $<)
