/* out = a + b with streaming stores, which go to memory without reading the line first. Where there
 * is no SSE2, as on arm64, it is a plain loop. */
#pragma once
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline void add_stream(const double *a, const double *b, double *out, int64_t n)
{
    int64_t i = 0;
#ifdef __SSE2__
    const int aligned = (uintptr_t)out % 16 == 0; /* such a store needs a whole 16-byte place */
    for (; aligned && i + 2 <= n; i += 2)
        _mm_stream_pd(out + i, _mm_add_pd(_mm_loadu_pd(a + i), _mm_loadu_pd(b + i)));
    _mm_sfence(); /* later stores may overtake these: finish them before anyone reads */
#endif
    for (; i < n; i++)
        out[i] = a[i] + b[i];
}
