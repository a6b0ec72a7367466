/* What training can go on from, in a file: written under another name, and renamed when it is
 * complete, so that there is always a whole one. Compiled together with sgd_mpi.c, see there.
 */
#include "../tools/bench.h"

#include "checkpoint.h"
#include <errno.h>

struct checkpoint {
    char magic[8];
    uint64_t seed, workers, windows; /* windows: of the whole file */
    double first_step;
    uint64_t epoch;
    float weights[FEATURES], answer[FEATURES];
};

static struct checkpoint checkpoint_of(const struct training *run)
{
    struct checkpoint now;

    memset(&now, 0, sizeof now);
    memcpy(now.magic, "SGDKEPT1", sizeof now.magic);
    now.seed = run->seed;
    now.workers = run->team->workers;
    now.windows = run->team->windows;
    now.first_step = run->first_step;
    now.epoch = run->epoch;
    memcpy(now.weights, weights_of_all(), sizeof now.weights);
    memcpy(now.answer, run->answer, sizeof now.answer);
    return now;
}

void save(const struct training *run, const char *path)
{
    const struct checkpoint now = checkpoint_of(run);
    char unfinished[256];

    snprintf(unfinished, sizeof unfinished, "%s.tmp", path);
    FILE *file = fopen(unfinished, "wb");
    int good = file && fwrite(&now, sizeof now, 1, file) == 1 && fflush(file) == 0 &&
               fsync(fileno(file)) == 0;
    int reason = errno;
    if (file && fclose(file) != 0 && good) {
        reason = errno;
        good = 0;
    }
    if (!good || rename(unfinished, path) != 0) {
        reason = good ? errno : reason;
        remove(unfinished);
        fail(1, "%s: %s; if there was one, it is as it was", path, strerror(reason));
    }
}

void resume(struct training *run, const char *path)
{
    const struct checkpoint expected = checkpoint_of(run);
    struct checkpoint kept;
    FILE *file = fopen(path, "rb");

    if (!file)
        return; /* there is none yet */
    const int whole = fread(&kept, sizeof kept, 1, file) == 1;
    fclose(file);
    if (!whole || memcmp(&kept, &expected, offsetof(struct checkpoint, epoch)) != 0)
        fail(2, "%s: of another training; remove it to begin anew", path);
    go_on(run, kept.epoch, kept.weights, kept.answer);
}
