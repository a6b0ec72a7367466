# make THREADS=16, or THREADS=all: looked at once, before anything is made.
ifneq ($(THREADS),)
ifneq ($(shell printf '%s\n' '$(THREADS)' | grep -Ecx 'all|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-6]'),1)
$(error THREADS=$(THREADS): expected a number from 1 to 256, or all)
endif
endif
