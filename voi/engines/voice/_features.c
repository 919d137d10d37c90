/* The features of a short sound as features.py has them in numpy, in one call and without Python's lock. There it is two
   hundred calls of numpy, most of them on a few numbers: on a busy server they take three times as long as this.

   Sixteen frames are transformed at once: the real parts of the input are eight of them, the imaginary parts eight
   others, and each vector has a lane for each of the eight. The spectra of two real signals in one transform are told
   apart by symmetry; the autocorrelations of both, which are real, come out apart by themselves. (So a nearly silent frame
   has a trace of the other's rounding errors, 120 dB below it.) The body is compiled twice on x86-64, for AVX2 + FMA and for any CPU, and chosen at import. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
    FRAME = 512, HOP = 160, SIZE = 2 * FRAME, BINS = FRAME + 1, SIZE_BITS = 10, BANDS = 20,
    SHORTEST = 40, LONGEST = 228, LAGS = LONGEST - SHORTEST,
    STRENGTH = BANDS, LAG, POWER, FLATNESS, COLUMNS, /* of a frame, behind its bands */
    FEATURES = 2 * BANDS + 6 + 6 + 4, LANES = 8, AT_ONCE = 2 * LANES, FACTORS = 16
};
static const float QUIET = 1e-8f, VOICED = 0.5f, FLOOR_DB = 50;
typedef float v8 __attribute__((vector_size(32)));

static float cosine[SIZE / 2], sine[SIZE / 2];
static int place[SIZE]; /* where the transform leaves each bin: its number with the bits reversed */

typedef struct {
    v8 re[SIZE], im[SIZE], power[2][BINS], bands[2][BANDS], sum[2];
    double logs[AT_ONCE];
} Work;

typedef struct {
    const float *window;      /* [FRAME] */
    const float *filters;     /* [BINS][BANDS] */
    const float *correlation; /* [LAGS]: of the window with itself */
} Tables;

static void make_tables(void)
{
    for (int k = 0; k < SIZE / 2; k++) {
        cosine[k] = cos(2 * M_PI * k / SIZE);
        sine[k] = -sin(2 * M_PI * k / SIZE);
    }
    for (int k = 0; k < SIZE; k++)
        for (int bit = 0; bit < SIZE_BITS; bit++) place[k] |= (k >> bit & 1) << (SIZE_BITS - 1 - bit);
}

/* Forward transform in place, radix 2, decimated in frequency. */
INLINE void transform(v8 *re, v8 *im)
{
    for (int half = SIZE / 2, step = 1; half; half /= 2, step *= 2)
        for (int start = 0; start < SIZE; start += 2 * half)
            for (int j = 0; j < half; j++) {
                int a = start + j, b = a + half;
                v8 re_less = re[a] - re[b], im_less = im[a] - im[b];
                re[a] += re[b], im[a] += im[b];
                re[b] = re_less * cosine[j * step] - im_less * sine[j * step];
                im[b] = re_less * sine[j * step] + im_less * cosine[j * step];
            }
}

INLINE void window_frames(Work *work, const Tables *tables, const int16_t *sound, int frames)
{
    memset(work->re, 0, sizeof work->re);
    memset(work->im, 0, sizeof work->im);
    for (int frame = 0; frame < frames; frame++) {
        v8 *part = frame < LANES ? work->re : work->im;
        for (int n = 0; n < FRAME; n++)
            part[n][frame % LANES] = sound[frame * HOP + n] * (1 / 32768.0f) * tables->window[n];
    }
}

/* Power spectra, and their sums over all bins and over each band. */
INLINE void powers(Work *work, const Tables *tables)
{
    memset(work->bands, 0, sizeof work->bands);
    memset(work->sum, 0, sizeof work->sum);
    for (int k = 0; k < BINS; k++) {
        int at = place[k], mirrored = place[(SIZE - k) % SIZE];
        v8 re = work->re[at], im = work->im[at], re_m = work->re[mirrored], im_m = work->im[mirrored];
        work->power[0][k] = 0.25f * ((re + re_m) * (re + re_m) + (im - im_m) * (im - im_m));
        work->power[1][k] = 0.25f * ((im + im_m) * (im + im_m) + (re_m - re) * (re_m - re));
        for (int part = 0; part < 2; part++) {
            v8 power = work->power[part][k];
            work->sum[part] += power;
            for (int band = 0; band < BANDS; band++)
                work->bands[part][band] += tables->filters[k * BANDS + band] * power;
        }
    }
}

/* The sum of the logarithms of all bins: of the product of some bins at a time, which a double can hold. */
INLINE void logarithms(Work *work)
{
    for (int frame = 0; frame < AT_ONCE; frame++) work->logs[frame] = 0;
    for (int start = 0; start < BINS; start += FACTORS) {
        double product[AT_ONCE];
        for (int frame = 0; frame < AT_ONCE; frame++) product[frame] = 1;
        for (int k = start; k < BINS && k < start + FACTORS; k++)
            for (int frame = 0; frame < AT_ONCE; frame++)
                product[frame] *= work->power[frame / LANES][k][frame % LANES] + QUIET;
        for (int frame = 0; frame < AT_ONCE; frame++) work->logs[frame] += log(product[frame]);
    }
}

/* The highest peak of the normalised autocorrelation, and its lag. */
INLINE void pitch(Work *work, const Tables *tables, float *out, int frames)
{
    for (int k = 0; k < BINS; k++) {
        int mirrored = (SIZE - k) % SIZE;
        work->re[k] = work->re[mirrored] = work->power[0][k];
        work->im[k] = work->im[mirrored] = work->power[1][k];
    }
    transform(work->re, work->im);
    for (int frame = 0; frame < frames; frame++) {
        const v8 *part = frame < LANES ? work->re : work->im;
        int lane = frame % LANES, best_lag = 0;
        float best = -INFINITY, energy = part[0][lane] / SIZE + QUIET;
        for (int lag = 0; lag < LAGS; lag++) {
            float strength = part[place[SHORTEST + lag]][lane] / SIZE / energy / tables->correlation[lag];
            if (strength > best) best = strength, best_lag = lag;
        }
        out[frame * COLUMNS + STRENGTH] = best;
        out[frame * COLUMNS + LAG] = SHORTEST + best_lag;
    }
}

INLINE void measure_some(Work *work, const Tables *tables, const int16_t *sound, int frames, float *out)
{
    window_frames(work, tables, sound, frames);
    transform(work->re, work->im);
    powers(work, tables);
    logarithms(work);
    for (int frame = 0; frame < frames; frame++, out += COLUMNS) {
        int part = frame / LANES, lane = frame % LANES;
        for (int band = 0; band < BANDS; band++) out[band] = work->bands[part][band][lane];
        out[POWER] = work->sum[part][lane];
        out[FLATNESS] = exp(work->logs[frame] / BINS) / (work->sum[part][lane] / BINS + QUIET);
    }
    pitch(work, tables, out - frames * COLUMNS, frames);
}

typedef void (*Measure)(Work *, const Tables *, const int16_t *, int, float *);

static void measure_anywhere(Work *work, const Tables *tables, const int16_t *sound, int frames, float *out)
{
    measure_some(work, tables, sound, frames, out);
}
static Measure chosen_measure = measure_anywhere;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void measure_avx2(Work *work, const Tables *tables, const int16_t *sound,
                                                             int frames, float *out)
{
    measure_some(work, tables, sound, frames, out);
}
static void choose_measure(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) chosen_measure = measure_avx2;
}
#else
static void choose_measure(void) {}
#endif

/* What follows from the frames' numbers, in double precision. */

typedef struct {
    double mean, deviation, most;
} Stats;

static Stats stats_of(const float *values, Py_ssize_t count, Py_ssize_t stride)
{
    Stats stats = {0, 0, -INFINITY};
    for (Py_ssize_t i = 0; i < count; i++) {
        stats.mean += values[i * stride] / count;
        stats.most = fmax(stats.most, values[i * stride]);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        double off = values[i * stride] - stats.mean;
        stats.deviation += off * off / count;
    }
    stats.deviation = sqrt(stats.deviation);
    return stats;
}

/* In decibels, no more than `range` under the loudest. `width` values of each frame, in place. */
static void in_decibels(float *values, Py_ssize_t frames, int width, float range)
{
    float most = -INFINITY;
    for (Py_ssize_t frame = 0; frame < frames; frame++)
        for (int i = 0; i < width; i++) {
            float *value = values + frame * COLUMNS + i;
            *value = 10 * log10f(*value + QUIET);
            most = fmaxf(most, *value);
        }
    for (Py_ssize_t frame = 0; frame < frames; frame++)
        for (int i = 0; i < width; i++) {
            float *value = values + frame * COLUMNS + i;
            *value = fmaxf(*value, most - range);
        }
}

static float *add_bands(float *to, float *table, Py_ssize_t frames)
{
    in_decibels(table, frames, BANDS, FLOOR_DB);
    double overall = 0;
    for (int band = 0; band < BANDS; band++) {
        Stats stats = stats_of(table + band, frames, COLUMNS);
        overall += stats.mean / BANDS;
        to[band] = stats.mean;
        to[BANDS + band] = stats.deviation / 5;
    }
    for (int band = 0; band < BANDS; band++) to[band] = (to[band] - overall) / 10;
    return to + 2 * BANDS;
}

static float *add_pitch(float *to, const float *table, Py_ssize_t frames)
{
    double mean = 0, most = 0, weighted = 0, power = 0, octaves = 0, squares = 0, jumps = 0, before = NAN;
    Py_ssize_t pitched = 0, steps = 0;
    for (Py_ssize_t frame = 0; frame < frames; frame++, table += COLUMNS) {
        double strength = fmin(fmax(table[STRENGTH], 0), 1), octave = log2(LONGEST / table[LAG]);
        mean += strength / frames;
        most = fmax(most, strength);
        weighted += strength * table[POWER];
        power += table[POWER];
        if (strength <= VOICED) octave = NAN;
        if (!isnan(octave)) pitched++, octaves += octave, squares += octave * octave;
        if (!isnan(octave) && !isnan(before)) steps++, jumps += fmin(fabs(octave - before), 0.5);
        before = octave;
    }
    *to++ = mean;
    *to++ = most;
    *to++ = weighted / (power + QUIET);
    *to++ = (double)pitched / frames;
    double middle = pitched ? octaves / pitched : 0;
    *to++ = pitched ? sqrt(fmax(0, squares / pitched - middle * middle)) : 0;
    *to++ = pitched ? 4 * (steps ? jumps / steps : 0.5) : 0;
    return to;
}

static float *add_vad(float *to, const float *probabilities, Py_ssize_t count)
{
    double mean = 0, least = 1, likely = 0, sure = 0;
    Py_ssize_t half = count / 2 > 1 ? count / 2 : 1;
    for (Py_ssize_t i = 0; i < count; i++) {
        mean += probabilities[i] / count;
        least = fmin(least, probabilities[i]);
        likely += (probabilities[i] > 0.5f) / (double)count;
        sure += (probabilities[i] > 0.9f) / (double)count;
    }
    const float all[] = {mean, least, likely, sure, count ? stats_of(probabilities, half, 1).mean : 0,
                         count ? probabilities[count - 1] : 0};
    for (int i = 0; i < 6; i++) *to++ = count ? all[i] : 0;
    return to;
}

static float *add_envelope(float *to, float *table, Py_ssize_t frames)
{
    in_decibels(table + POWER, frames, 1, 40);
    const float *decibels = table + POWER;
    Py_ssize_t third = frames / 3 > 1 ? frames / 3 : 1;
    double changes = 0;
    for (Py_ssize_t frame = 1; frame < frames; frame++)
        changes += fabsf(decibels[frame * COLUMNS] - decibels[(frame - 1) * COLUMNS]) / (frames - 1);
    Stats first = stats_of(decibels, third, COLUMNS);
    Stats last = stats_of(decibels + (frames - third) * COLUMNS, third, COLUMNS);
    *to++ = (first.mean - last.mean) / 10;
    *to++ = stats_of(decibels, frames, COLUMNS).deviation / 5;
    *to++ = changes / 2;
    *to++ = log10(stats_of(table + FLATNESS, frames, COLUMNS).mean + 1e-6);
    return to;
}

static PyObject *features(PyObject *self, PyObject *args)
{
    Py_buffer sound, window, filters, correlation, probabilities;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*", &sound, &probabilities, &window, &filters, &correlation)) return NULL;
    PyObject *result = NULL;
    Work *work = NULL;
    float *table = NULL;
    Py_ssize_t samples = sound.len / sizeof(int16_t), frames = samples < FRAME ? 0 : (samples - FRAME) / HOP + 1;
    if (frames < 2 || window.len != FRAME * sizeof(float) || filters.len != BINS * BANDS * sizeof(float)
        || correlation.len != LAGS * sizeof(float)) {
        PyErr_SetString(PyExc_ValueError, "the sound or the tables do not have the length that they must have");
        goto release;
    }
    work = aligned_alloc(sizeof(v8), (sizeof(Work) + sizeof(v8) - 1) / sizeof(v8) * sizeof(v8));
    table = malloc(frames * COLUMNS * sizeof(float));
    if (!work || !table) {
        PyErr_NoMemory();
    } else if ((result = PyBytes_FromStringAndSize(NULL, FEATURES * sizeof(float)))) {
        Tables tables = {window.buf, filters.buf, correlation.buf};
        float *to = (float *)PyBytes_AS_STRING(result);
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t done = 0; done < frames; done += AT_ONCE) {
            int some = frames - done < AT_ONCE ? (int)(frames - done) : AT_ONCE;
            chosen_measure(work, &tables, (const int16_t *)sound.buf + done * HOP, some, table + done * COLUMNS);
        }
        to = add_pitch(add_bands(to, table, frames), table, frames);
        to = add_vad(to, probabilities.buf, probabilities.len / sizeof(float));
        add_envelope(to, table, frames);
        Py_END_ALLOW_THREADS
    }
release:
    free(table);
    free(work);
    PyBuffer_Release(&correlation);
    PyBuffer_Release(&filters);
    PyBuffer_Release(&window);
    PyBuffer_Release(&probabilities);
    PyBuffer_Release(&sound);
    return result;
}

static PyMethodDef methods[] = {
    {"features", features, METH_VARARGS,
     "features(pcm, probabilities, window, filters, correlation) -> float32 [56] as bytes\n\n"
     "Of s16le sound of two frames or more, and of what the VAD said of its windows. The rest are tables, in float32."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_features", "The voice judge's features.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__features(void)
{
    make_tables();
    choose_measure();
    PyObject *made = PyModule_Create(&module);
    /* so that a module of an older source is not taken for one of this */
    if (made && PyModule_AddIntConstant(made, "SOURCE_CRC32", SOURCE_CRC32) < 0) Py_CLEAR(made);
    return made;
}
