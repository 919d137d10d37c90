/* The arithmetic of voi/audio/resample.py: `output block = input window @ weights`, in double precision, over s16le.

   Every output is summed over its window in eight parts, in one order, so that what comes out does not depend on how the
   sound was cut into pieces. The body is compiled twice on x86-64, for AVX2 + FMA and for any CPU, and chosen at import: a
   wheel runs anywhere. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define STACK 4096 /* samples; longer pieces are given memory of their own */

enum { PARTS = 8, ROWS = 4, BLOCK_MAX = 65536 };
typedef double v4 __attribute__((vector_size(32), aligned(8), may_alias));
#define LOAD(p) (*(const v4 *)(p))

INLINE int16_t rounded(double x)
{
    x = rint(x);
    return (int16_t)(x < -32768.0 ? -32768.0 : x > 32767.0 ? 32767.0 : x);
}

INLINE double window_sum(v4 low, v4 high)
{
    v4 sum = low + high;
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* One output sample from each of `rows` windows of weights, over the same x. Several at once take half the time of one
   after the other: each load of x serves them all, and no sum waits for its predecessor. */
INLINE void outputs(const double *w, const double *x, Py_ssize_t taps, int rows, char *out)
{
    v4 low[ROWS] = {{0}}, high[ROWS] = {{0}};
    for (Py_ssize_t k = 0; k < taps; k += PARTS) {
        v4 x_low = LOAD(x + k), x_high = LOAD(x + k + 4);
        for (int row = 0; row < rows; row++) {
            low[row] += LOAD(w + row * taps + k) * x_low;
            high[row] += LOAD(w + row * taps + k + 4) * x_high;
        }
    }
    for (int row = 0; row < rows; row++) {
        int16_t sample = rounded(window_sum(low[row], high[row]));
        memcpy(out + row * sizeof sample, &sample, sizeof sample);
    }
}

/* weights: [out_samples][taps], taps a multiple of PARTS. x: the samples, and zeros behind them for the last window. */
INLINE void blocks_of(const double *weights, const double *x, Py_ssize_t blocks, int in_samples, int out_samples,
                      Py_ssize_t taps, char *out)
{
    for (Py_ssize_t block = 0; block < blocks; block++, x += in_samples) {
        const double *w = weights;
        int j = 0;
        for (; j + ROWS <= out_samples; j += ROWS, w += ROWS * taps, out += ROWS * sizeof(int16_t))
            outputs(w, x, taps, ROWS, out);
        for (; j < out_samples; j++, w += taps, out += sizeof(int16_t)) outputs(w, x, taps, 1, out);
    }
}

typedef void (*Blocks)(const double *, const double *, Py_ssize_t, int, int, Py_ssize_t, char *);

static void blocks_anywhere(const double *weights, const double *x, Py_ssize_t blocks, int in_samples, int out_samples,
                            Py_ssize_t taps, char *out)
{
    blocks_of(weights, x, blocks, in_samples, out_samples, taps, out);
}
static Blocks chosen_blocks = blocks_anywhere;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void blocks_avx2(const double *weights, const double *x, Py_ssize_t blocks,
                                                            int in_samples, int out_samples, Py_ssize_t taps, char *out)
{
    blocks_of(weights, x, blocks, in_samples, out_samples, taps, out);
}
static void choose_blocks(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) chosen_blocks = blocks_avx2;
}
#else
static void choose_blocks(void) {}
#endif

static void widened(double *x, const Py_buffer *pcm)
{
    const char *bytes = pcm->buf;
    for (Py_ssize_t i = 0; i < pcm->len / 2; i++) {
        int16_t sample;
        memcpy(&sample, bytes + 2 * i, sizeof sample);
        x[i] = sample;
    }
}

static PyObject *convert(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 6) {
        PyErr_SetString(PyExc_TypeError, "convert(weights, waiting, pcm, in_samples, side_samples, out_samples)");
        return NULL;
    }
    long in_samples = PyLong_AsLong(args[3]), side = PyLong_AsLong(args[4]), out_samples = PyLong_AsLong(args[5]);
    if (PyErr_Occurred()) return NULL;
    Py_buffer weights, waiting, pcm;
    PyObject *sound = NULL, *rest = NULL, *result = NULL;
    _Alignas(64) double here[STACK]; double *x = here;
    if (PyObject_GetBuffer(args[0], &weights, PyBUF_SIMPLE)) return NULL;
    if (PyObject_GetBuffer(args[1], &waiting, PyBUF_SIMPLE)) goto free_weights;
    if (PyObject_GetBuffer(args[2], &pcm, PyBUF_SIMPLE)) goto free_waiting;
    Py_ssize_t taps = 0;
    if (in_samples <= BLOCK_MAX && side >= 0 && side <= BLOCK_MAX)
        taps = (in_samples + 2 * side + PARTS - 1) / PARTS * PARTS;
    if (taps < 1 || in_samples < 1 || out_samples < 1 || out_samples > BLOCK_MAX || waiting.len % 2 || pcm.len % 2
        || weights.len != taps * out_samples * (Py_ssize_t)sizeof(double)) {
        PyErr_SetString(PyExc_ValueError, "the weights or the sound do not have the length that they must have");
        goto free_pcm;
    }
    Py_ssize_t kept = waiting.len / 2, samples = kept + pcm.len / 2;
    Py_ssize_t blocks = samples > 2 * side ? (samples - 2 * side) / in_samples : 0;
    if (samples + PARTS > STACK && !(x = PyMem_Malloc((samples + PARTS) * sizeof(double)))) {
        PyErr_NoMemory();
        goto free_pcm;
    }
    widened(x, &waiting);
    widened(x + kept, &pcm);
    memset(x + samples, 0, PARTS * sizeof(double));
    sound = PyBytes_FromStringAndSize(NULL, blocks * out_samples * 2);
    Py_ssize_t taken = blocks * in_samples;
    rest = PyBytes_FromStringAndSize(NULL, (samples - taken) * 2);
    if (sound && rest) {
        chosen_blocks(weights.buf, x, blocks, (int)in_samples, (int)out_samples, taps, PyBytes_AS_STRING(sound));
        Py_ssize_t old = taken < kept ? kept - taken : 0; /* of what waited, still waiting */
        memcpy(PyBytes_AS_STRING(rest), (const char *)waiting.buf + waiting.len - 2 * old, 2 * old);
        Py_ssize_t fresh = samples - taken - old;
        memcpy(PyBytes_AS_STRING(rest) + 2 * old, (const char *)pcm.buf + pcm.len - 2 * fresh, 2 * fresh);
        result = PyTuple_Pack(2, sound, rest);
    }
    Py_XDECREF(sound);
    Py_XDECREF(rest);
    if (x != here) PyMem_Free(x);
free_pcm:
    PyBuffer_Release(&pcm);
free_waiting:
    PyBuffer_Release(&waiting);
free_weights:
    PyBuffer_Release(&weights);
    return result;
}

static PyMethodDef methods[] = {
    {"convert", (PyCFunction)(void (*)(void))convert, METH_FASTCALL,
     "convert(weights, waiting, pcm, in_samples, side_samples, out_samples) -> (sound, waiting)\n\n"
     "The sound at the other rate as far as its windows are whole, and the s16le that waits for more. `weights`: "
     "float64, [out_samples][taps], taps padded with zeros to a multiple of 8."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_resample", "The resampler's arithmetic.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__resample(void)
{
    choose_blocks();
    return PyModule_Create(&module);
}
