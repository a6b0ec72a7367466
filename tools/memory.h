/* Memory for large arrays, in pages of 2 MB if Linux has them to give, as NumPy asks for too: the
 * processor then has fewer addresses to translate. Include it after bench.h. */
#pragma once
#include <sys/mman.h>

/* Return so many bytes, to be freed with free(), or end with one line: Linux promises more memory
 * than the machine has, and ends the process that believes it. */
static inline void *memory(size_t bytes)
{
    static size_t total;
    const size_t page = 1 << 21, whole_pages = (bytes / page + 1) * page;
    const double installed = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    void *start = NULL;

    total += whole_pages;
    if ((double)total < installed * 0.75)
        start = aligned_alloc(page, whole_pages);
    if (!start)
        errx(2, "no memory for %zu bytes; choose a smaller -n", total);
#ifdef MADV_HUGEPAGE
    (void)madvise(start, whole_pages, MADV_HUGEPAGE); /* a wish: a refusal changes no answer */
#endif
    return start;
}
