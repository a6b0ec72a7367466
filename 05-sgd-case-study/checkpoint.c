/* What training can go on from, in a file: written under another name, and renamed when it is
 * complete, so that there is always a whole one. Compiled together with sgd_mpi.c, see there.
 */
#include "../tools/bench.h"

#include "checkpoint.h"
#include <errno.h>
#include <math.h>

static struct checkpoint checkpoint_of(const struct training *run, const struct flights *flights)
{
    struct checkpoint now;

    memset(&now, 0, sizeof now);
    memcpy(now.magic, "SGDKEPT2", sizeof now.magic);
    now.seed = run->seed;
    now.workers = run->team->workers;
    now.windows = run->team->windows;
    now.first_step = run->first_step;
    now.lambda = flights->lambda;
    now.optimum = flights->optimum;
    now.epoch = run->epoch;
    memcpy(now.weights, weights_of_all(), sizeof now.weights);
    memcpy(now.answer, run->answer, sizeof now.answer);
    return now;
}

static int all_finite(const struct checkpoint *now)
{
    int good = 1;

    for (int j = 0; j < FEATURES; j++)
        good &= isfinite(now->weights[j]) && isfinite(now->answer[j]);
    return good;
}

void save(const struct training *run, const struct flights *flights, const char *path)
{
    const struct checkpoint now = checkpoint_of(run, flights);
    char unfinished[256];

    if (!all_finite(&now))
        return;
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
        errx(1, "%s: %s; if there was one, it is as it was", path, strerror(reason));
    }
}

struct checkpoint kept(const struct training *run, const struct flights *flights, const char *path)
{
    const struct checkpoint now = checkpoint_of(run, flights);
    struct checkpoint before;
    FILE *file = fopen(path, "rb");

    if (!file && errno == ENOENT)
        return now; /* there is none yet */
    const int whole = file && fread(&before, sizeof before, 1, file) == 1 && fgetc(file) == EOF;
    if (!file || ferror(file))
        errx(1, "%s: %s", path, strerror(errno));
    fclose(file);
    if (!whole || memcmp(&before, &now, offsetof(struct checkpoint, epoch)) != 0 ||
        before.epoch > MOST_EPOCHS || !all_finite(&before))
        errx(2, "%s: of another training, or damaged; remove it to begin anew", path);
    return before;
}
