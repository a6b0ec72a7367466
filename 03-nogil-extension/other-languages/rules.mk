# The same loop in other languages, in build/other/; the chapter's Makefile includes this.
# What has no tools here is left out, by name. That is no error.
ifeq ($(origin CXX),default)
CXX := c++
endif
RUSTC ?= rustc
export CXX RUSTC

# The functions of libroom.so are found when a library is loaded. macOS wants to be told.
ifeq ($(shell uname -s),Darwin)
LATER := -Wl,-undefined,dynamic_lookup
endif

LIBRARIES := build/other/libroom.so build/other/primes_pybind11.so \
    build/other/libprimes_rust.so build/other/_primes_cffi.so

.PHONY: other
other: $(LIBRARIES)

$(LIBRARIES): build/config build/other/found

# Asked each time, and shown when the answer changed.
build/other/found: other-languages/found.sh build/config FORCE
	@mkdir -p build/other
	@sh other-languages/found.sh python > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; cat $@; fi

# $(call if_found,LANGUAGE,COMMAND): show COMMAND and run it, or leave no library behind.
# Without these two, in which rustc would look for a share in make -j.
if_found = @rm -f $@; grep -q '^$(1): no' build/other/found || \
    { echo '$(2)'; unset MAKEFLAGS MFLAGS; eval "$(2)"; }

build/other/libroom.so: other-languages/room.c ../tools/meet.h
	$(CC) $(CFLAGS) $(WARNINGS) -shared -fPIC other-languages/room.c -o $@

# pybind11's own headers are not free of shadows.
build/other/primes_pybind11.so: other-languages/primes_pybind11.cpp
	$(call if_found,pybind11,$(CXX) $(CFLAGS) $(filter-out -Wshadow,$(WARNINGS)) -std=c++17 \
	    -shared -fPIC -fvisibility=hidden $(LATER) $$(python -m pybind11 --includes) $< -o $@)

build/other/libprimes_rust.so: other-languages/primes_rust.rs
	$(call if_found,rust,$(RUSTC) --edition 2021 -C opt-level=2 --crate-type cdylib \
	    $(LATER:%=-C link-arg=%) $< -o $@)

build/other/_primes_cffi.so: other-languages/primes_cffi.py
	$(call if_found,cffi,python other-languages/primes_cffi.py build/other)
