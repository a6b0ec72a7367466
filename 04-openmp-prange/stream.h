/* out = a + b with streaming stores, which go to memory without reading the line first. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
enum { HAS_STREAM = 1 };
#else
enum { HAS_STREAM = 0 }; /* a plain loop */
#endif

enum { STREAM_BLOCK = 16384 }; /* elements that a thread streams before it takes the next block */

static inline void add_stream(const double *a, const double *b, double *out, ptrdiff_t n)
{
    ptrdiff_t i = 0;

#ifdef __SSE2__
    for (; i < n && (uintptr_t)(out + i) % 16 != 0; i++) /* they need whole 16-byte places */
        out[i] = a[i] + b[i];
    for (; i + 2 <= n; i += 2)
        _mm_stream_pd(out + i, _mm_add_pd(_mm_loadu_pd(a + i), _mm_loadu_pd(b + i)));
    _mm_sfence(); /* other stores may overtake them: finish them before anyone reads */
#endif
    for (; i < n; i++)
        out[i] = a[i] + b[i];
}
