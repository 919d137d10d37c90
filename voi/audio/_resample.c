/* The arithmetic of voi/audio/resample.py: `output block = input window @ weights`, over s16le.

   Every output is summed over its window in one order, so that what comes out does not depend on how the sound was cut
   into pieces. So single precision will do, in half the time: it is a few hundredths of a sample's step off. The body is
   compiled twice on x86-64, for AVX2 + FMA and for any CPU, and chosen at import: a wheel runs anywhere. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define STACK 4096 /* samples; longer pieces are given memory of their own */

enum { LANES = 8, AT_ONCE = 2 * LANES, BLOCKS = 4, BLOCK_MAX = 65536 };
typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
#define LOAD(p) (*(const v8 *)(p))

INLINE int16_t rounded(float x)
{
    x = rintf(x);
    return (int16_t)(x < -32768.0f ? -32768.0f : x > 32767.0f ? 32767.0f : x);
}

/* `blocks` output blocks. Each lane of a sum is an output of its own, and sixteen outputs of four blocks are summed at once:
   so no sum waits for its predecessor, and none has to be added up across its lanes. */
INLINE void outputs(const float *weights, const float *x, int blocks, int in_samples, int out_samples, Py_ssize_t taps,
                    char *out)
{
    int padded = (out_samples + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
    for (int first = 0; first < out_samples; first += AT_ONCE) {
        const float *w = weights + first;
        v8 sums[BLOCKS][2] = {{{0}}};
        for (Py_ssize_t k = 0; k < taps; k++, w += padded) {
            v8 low = LOAD(w), high = LOAD(w + LANES);
            for (int block = 0; block < blocks; block++) {
                float heard = x[block * in_samples + k];
                sums[block][0] += low * heard;
                sums[block][1] += high * heard;
            }
        }
        int count = out_samples - first < AT_ONCE ? out_samples - first : AT_ONCE;
        for (int block = 0; block < blocks; block++) {
            int16_t samples[AT_ONCE];
            for (int i = 0; i < AT_ONCE; i++) samples[i] = rounded(sums[block][i / LANES][i % LANES]);
            memcpy(out + (block * out_samples + first) * sizeof samples[0], samples, count * sizeof samples[0]);
        }
    }
}

/* weights: [taps][out_samples, padded to a multiple of AT_ONCE]. */
INLINE void blocks_of(const float *weights, const float *x, Py_ssize_t blocks, int in_samples, int out_samples,
                      Py_ssize_t taps, char *out)
{
    Py_ssize_t out_bytes = out_samples * sizeof(int16_t);
    for (; blocks >= BLOCKS; blocks -= BLOCKS, x += BLOCKS * in_samples, out += BLOCKS * out_bytes)
        outputs(weights, x, BLOCKS, in_samples, out_samples, taps, out);
    for (; blocks; blocks--, x += in_samples, out += out_bytes)
        outputs(weights, x, 1, in_samples, out_samples, taps, out);
}

typedef void (*Blocks)(const float *, const float *, Py_ssize_t, int, int, Py_ssize_t, char *);

static void blocks_anywhere(const float *weights, const float *x, Py_ssize_t blocks, int in_samples, int out_samples,
                            Py_ssize_t taps, char *out)
{
    blocks_of(weights, x, blocks, in_samples, out_samples, taps, out);
}
static Blocks chosen_blocks = blocks_anywhere;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void blocks_avx2(const float *weights, const float *x, Py_ssize_t blocks,
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

static void widened(float *x, const Py_buffer *pcm)
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
        PyErr_SetString(PyExc_TypeError, "convert(weights, in_samples, side_samples, out_samples, waiting, pcm)");
        return NULL;
    }
    long in_samples = PyLong_AsLong(args[1]), side = PyLong_AsLong(args[2]), out_samples = PyLong_AsLong(args[3]);
    if (PyErr_Occurred()) return NULL;
    Py_buffer weights, waiting, pcm;
    PyObject *sound = NULL, *rest = NULL, *result = NULL;
    _Alignas(64) float here[STACK]; float *x = here;
    if (PyObject_GetBuffer(args[0], &weights, PyBUF_SIMPLE)) return NULL;
    if (PyObject_GetBuffer(args[4], &waiting, PyBUF_SIMPLE)) goto free_weights;
    if (PyObject_GetBuffer(args[5], &pcm, PyBUF_SIMPLE)) goto free_waiting;
    Py_ssize_t taps = 0;
    if (in_samples <= BLOCK_MAX && side >= 0 && side <= BLOCK_MAX)
        taps = in_samples + 2 * side;
    if (taps < 1 || in_samples < 1 || out_samples < 1 || out_samples > BLOCK_MAX || waiting.len % 2 || pcm.len % 2
        || weights.len != taps * ((out_samples + AT_ONCE - 1) / AT_ONCE * AT_ONCE) * (Py_ssize_t)sizeof(float)) {
        PyErr_SetString(PyExc_ValueError, "the weights or the sound do not have the length that they must have");
        goto free_pcm;
    }
    Py_ssize_t kept = waiting.len / 2, samples = kept + pcm.len / 2;
    Py_ssize_t blocks = samples > 2 * side ? (samples - 2 * side) / in_samples : 0;
    if (samples > STACK && !(x = PyMem_Malloc(samples * sizeof(float)))) {
        PyErr_NoMemory();
        goto free_pcm;
    }
    widened(x, &waiting);
    widened(x + kept, &pcm);
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
     "convert(weights, in_samples, side_samples, out_samples, waiting, pcm) -> (sound, waiting)\n\n"
     "The sound at the other rate as far as its windows are whole, and the s16le that waits for more. `weights`: "
     "float32, [taps][out_samples], each row padded to a multiple of 16."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_resample", "The resampler's arithmetic.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__resample(void)
{
    choose_blocks();
    PyObject *made = PyModule_Create(&module);
    /* so that a module of an older source is not taken for one of this */
    if (made && PyModule_AddIntConstant(made, "SOURCE_CRC32", SOURCE_CRC32) < 0) Py_CLEAR(made);
    return made;
}
