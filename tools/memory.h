/* Memory for large arrays, in pages of 2 MB if Linux has them to give, as NumPy asks for too: the
 * processor then has fewer addresses to translate. Include it after bench.h. */
#pragma once
#include <sys/mman.h>

/* Return so many bytes, or end with one line: Linux promises more memory than the machine has, and
 * ends the process that believes it. (A container's limit is not asked for.) To be freed with
 * free(). */
static inline void *memory(size_t bytes)
{
    static size_t total;
    const size_t page = 1 << 21, whole_pages = bytes / page * page + page;
    const size_t installed = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    void *start = NULL;

    total += whole_pages;
    if (bytes < installed && total < installed / 4 * 3)
        start = aligned_alloc(page, whole_pages);
    if (!start)
        fail(2, "no memory for %zu bytes; choose a smaller -n", total);
#ifdef MADV_HUGEPAGE
    (void)madvise(start, whole_pages, MADV_HUGEPAGE); /* a wish: a refusal changes no answer */
#endif
    return start;
}
