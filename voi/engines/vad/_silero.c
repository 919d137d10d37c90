/* Silero VAD v6 at 16 kHz: one window of one stream per call, about 16 us.

   The network: reflect-padded STFT (4 frames of 256, hop 128, |.| of 129 bins), four 1-d convolutions of width 3 with
   ReLU, one LSTM cell of 128, a linear output and a sigmoid. Convolutions are matrix products over the taps that exist.
   silero_weights.py packs every matrix as [out / B][in][B], so that the innermost loop reads weights in order; the
   order of the matrices there and in `layout` below must agree.

   The body is compiled twice on x86-64, for AVX2 + FMA and for any CPU, and chosen at import: a wheel runs anywhere. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
    WINDOW = 512, CONTEXT = 64, FRAMES = 4, FRAME = 256, HOP = 128, BINS = 129,
    HALF = FRAME / 2, QUARTER = FRAME / 4, EVEN = 80 /* 65 bins, padded */, ODD = 64,
    FOLDED = 4 * QUARTER + 1, SPECTRUM = 2 * EVEN + 2 * ODD,
    C1 = 128, C2 = 64, C3 = 64, C4 = 128, HIDDEN = 128,
    STATE = CONTEXT + 2 * HIDDEN,
    N_STFT = (2 * QUARTER + 1) * EVEN + 2 * QUARTER * ODD,
    N_W1 = 3 * BINS * C1, N_W2 = 3 * C1 * C2, N_W3 = 2 * C2 * C3, N_W4 = C3 * C4,
    N_LSTM = 2 * HIDDEN * 4 * HIDDEN,
    WEIGHTS = FRAME + N_STFT + N_W1 + C1 + N_W2 + C2 + N_W3 + C3 + N_W4 + C4 + N_LSTM + 4 * HIDDEN + HIDDEN + 1
};

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
#define LOAD(p) (*(const v8 *)(p))
#define STORE(p, v) (*(v8 *)(p) = (v))

static const float zeros[EVEN];

/* y[n] = bias + W' x[n] for 4 inputs `sx` apart that share one pass over W, packed with B = 16. */
INLINE void multiply4(const float *w, const float *bias, const float *x, int sx, int in, int out, float *y, int sy)
{
    for (int o = 0; o < out; o += 16) {
        v8 a0 = LOAD(bias + o), b0 = LOAD(bias + o + 8), a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
        for (int i = 0; i < in; i++, w += 16) {
            v8 p = LOAD(w), q = LOAD(w + 8);
            float s0 = x[i], s1 = x[sx + i], s2 = x[2 * sx + i], s3 = x[3 * sx + i];
            a0 += p * s0; b0 += q * s0; a1 += p * s1; b1 += q * s1;
            a2 += p * s2; b2 += q * s2; a3 += p * s3; b3 += q * s3;
        }
        STORE(y + o, a0); STORE(y + o + 8, b0);
        STORE(y + sy + o, a1); STORE(y + sy + o + 8, b1);
        STORE(y + 2 * sy + o, a2); STORE(y + 2 * sy + o + 8, b2);
        STORE(y + 3 * sy + o, a3); STORE(y + 3 * sy + o + 8, b3);
    }
}

/* The same for 2 inputs; even and odd rows add up apart, to keep the multipliers busy. */
INLINE void multiply2(const float *w, const float *bias, const float *x, int sx, int in, int out, float *y, int sy)
{
    for (int o = 0; o < out; o += 16) {
        v8 a0 = LOAD(bias + o), b0 = LOAD(bias + o + 8), a1 = a0, b1 = b0;
        v8 zero = {0}, c0 = zero, d0 = zero, c1 = zero, d1 = zero;
        for (int i = 0; i < in; i += 2, w += 32) {
            v8 p = LOAD(w), q = LOAD(w + 8), r = LOAD(w + 16), s = LOAD(w + 24);
            a0 += p * x[i]; b0 += q * x[i]; a1 += p * x[sx + i]; b1 += q * x[sx + i];
            c0 += r * x[i + 1]; d0 += s * x[i + 1]; c1 += r * x[sx + i + 1]; d1 += s * x[sx + i + 1];
        }
        STORE(y + o, a0 + c0); STORE(y + o + 8, b0 + d0);
        STORE(y + sy + o, a1 + c1); STORE(y + sy + o + 8, b1 + d1);
    }
}

/* The same for one input, packed with B = 64. */
INLINE void multiply1(const float *w, const float *bias, const float *x, int in, int out, float *y)
{
    for (int o = 0; o < out; o += 64) {
        v8 a[8];
        for (int k = 0; k < 8; k++) a[k] = LOAD(bias + o + 8 * k);
        for (int i = 0; i < in; i++, w += 64)
            for (int k = 0; k < 8; k++) a[k] += LOAD(w + 8 * k) * x[i];
        for (int k = 0; k < 8; k++) STORE(y + o + 8 * k, a[k]);
    }
}

INLINE void relu(float *p, int n) { for (int i = 0; i < n; i++) p[i] = p[i] > 0 ? p[i] : 0; }
/* Bounded, since fast-math makes NaN of 1 / infinity, and a NaN in the state stays: in long talk a cell goes beyond 44,
   where exp(2 * 44.4) overflows. */
INLINE float sigmoid(float x) { return 1.0f / (1.0f + expf(x < -80.0f ? 80.0f : -x)); }
INLINE float tangent(float x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

/* The spectrum of one frame is symmetric twice: sample n and 256 - n meet the same cosine and opposite sines, and so do n
   and 128 - n for every other bin. So the frame is folded twice, and four products of a quarter give the even and the
   odd bins: cosines of the even, of the odd, sines of the even, of the odd. */
INLINE void fold(const float *x, const float *window, float *y)
{
    float cosine[HALF + 1], sine[HALF + 1], tapered[FRAME];
    for (int n = 0; n < FRAME; n++) tapered[n] = x[n] * window[n];
    cosine[0] = tapered[0]; cosine[HALF] = tapered[HALF]; sine[0] = sine[HALF] = 0;
    for (int n = 1; n < HALF; n++) {
        cosine[n] = tapered[n] + tapered[FRAME - n];
        sine[n] = tapered[n] - tapered[FRAME - n];
    }
    float *even = y, *odd = even + QUARTER + 1, *even_sine = odd + QUARTER, *odd_sine = even_sine + QUARTER;
    for (int n = 0; n < QUARTER; n++) {
        even[n] = cosine[n] + cosine[HALF - n];
        odd[n] = cosine[n] - cosine[HALF - n];
        even_sine[n] = sine[n] - sine[HALF - n];
        odd_sine[n] = sine[n] + sine[HALF - n];
    }
    even[QUARTER] = cosine[QUARTER];
    odd_sine[0] = sine[QUARTER]; /* sine[0] is none */
}

/* `state`: CONTEXT last samples of the window before, then the LSTM's hidden and cell values. */
INLINE float step(const float *w, float *state, const char *pcm)
{
    const float *window = w, *stft = window + FRAME, *w1 = stft + N_STFT, *b1 = w1 + N_W1, *w2 = b1 + C1, *b2 = w2 + N_W2, *w3 = b2 + C2, *b3 = w3 + N_W3;
    const float *w4 = b3 + C3, *b4 = w4 + N_W4, *lstm = b4 + C4, *lstm_bias = lstm + N_LSTM, *out = lstm_bias + 4 * HIDDEN;
    float *hidden = state + CONTEXT, *cell = hidden + HIDDEN, logit = out[HIDDEN];

    float x[CONTEXT + WINDOW + CONTEXT], folded[FRAMES * FOLDED], spectrum[FRAMES * SPECTRUM], magnitude[(FRAMES + 2) * BINS];
    float y1[(FRAMES + 1) * C1], y2[2 * C2], y3[C3], z[C4 + HIDDEN], gates[4 * HIDDEN], new[HIDDEN];
    int16_t samples[WINDOW];

    memcpy(samples, pcm, sizeof samples);
    memcpy(x, state, CONTEXT * sizeof *x);
    for (int i = 0; i < WINDOW; i++) x[CONTEXT + i] = samples[i] * (1.0f / 32768.0f);
    memcpy(state, x + WINDOW, CONTEXT * sizeof *x);
    for (int i = 0; i < CONTEXT; i++) x[CONTEXT + WINDOW + i] = x[CONTEXT + WINDOW - 2 - i]; /* reflected */

    for (int k = 0; k < FRAMES; k++) fold(x + k * HOP, window, folded + k * FOLDED);
    const float *even = stft, *odd = even + (QUARTER + 1) * EVEN;
    const float *even_sine = odd + QUARTER * ODD, *odd_sine = even_sine + QUARTER * EVEN;
    multiply4(even, zeros, folded, FOLDED, QUARTER + 1, EVEN, spectrum, SPECTRUM);
    multiply4(odd, zeros, folded + QUARTER + 1, FOLDED, QUARTER, ODD, spectrum + EVEN, SPECTRUM);
    multiply4(even_sine, zeros, folded + 2 * QUARTER + 1, FOLDED, QUARTER, EVEN, spectrum + EVEN + ODD, SPECTRUM);
    multiply4(odd_sine, zeros, folded + 3 * QUARTER + 1, FOLDED, QUARTER, ODD, spectrum + 2 * EVEN + ODD, SPECTRUM);
    memset(magnitude, 0, sizeof magnitude); /* a frame of zeros at each end: the convolution's padding */
    for (int k = 0; k < FRAMES; k++) {
        const float *re = spectrum + k * SPECTRUM, *im = re + EVEN + ODD;
        float *m = magnitude + (k + 1) * BINS;
        for (int i = 0; i < QUARTER + 1; i++) m[i] = sqrtf(re[i] * re[i] + im[i] * im[i]);
        m += QUARTER + 1; re += EVEN; im += EVEN;
        for (int i = 0; i < QUARTER; i++) m[i] = sqrtf(re[i] * re[i] + im[i] * im[i]);
    }
    memset(y1, 0, C1 * sizeof *y1);
    multiply4(w1, b1, magnitude, BINS, 3 * BINS, C1, y1 + C1, C1);
    relu(y1 + C1, FRAMES * C1);
    multiply2(w2, b2, y1, 2 * C1, 3 * C1, C2, y2, C2);
    relu(y2, 2 * C2);
    multiply1(w3, b3, y2, 2 * C2, C3, y3);
    relu(y3, C3);
    multiply1(w4, b4, y3, C3, C4, z);
    relu(z, C4);
    memcpy(z + C4, hidden, HIDDEN * sizeof *z);
    multiply1(lstm, lstm_bias, z, C4 + HIDDEN, 4 * HIDDEN, gates); /* input, forget, cell, output gates */
    for (int i = 0; i < HIDDEN; i++) new[i] = tangent(gates[2 * HIDDEN + i]) * sigmoid(gates[i]);
    for (int i = 0; i < HIDDEN; i++) cell[i] = cell[i] * sigmoid(gates[HIDDEN + i]) + new[i];
    for (int i = 0; i < HIDDEN; i++) hidden[i] = tangent(cell[i]) * sigmoid(gates[3 * HIDDEN + i]);
    for (int i = 0; i < HIDDEN; i++) logit += (hidden[i] > 0 ? hidden[i] : 0) * out[i];
    return sigmoid(logit);
}

static float step_anywhere(const float *w, float *state, const char *pcm) { return step(w, state, pcm); }
static float (*chosen_step)(const float *, float *, const char *) = step_anywhere;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static float step_avx2(const float *w, float *state, const char *pcm)
{
    return step(w, state, pcm);
}
static void choose_step(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) chosen_step = step_avx2;
}
#else
static void choose_step(void) {}
#endif

static PyObject *probability(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "probability(weights, state, window) takes 3 arguments");
        return NULL;
    }
    Py_buffer weights, state, window;
    PyObject *result = NULL;
    if (PyObject_GetBuffer(args[0], &weights, PyBUF_SIMPLE)) return NULL;
    if (PyObject_GetBuffer(args[1], &state, PyBUF_WRITABLE)) goto free_weights;
    if (PyObject_GetBuffer(args[2], &window, PyBUF_SIMPLE)) goto free_state;
    if (weights.len != WEIGHTS * (Py_ssize_t)sizeof(float) || state.len != STATE * (Py_ssize_t)sizeof(float)
        || window.len != WINDOW * (Py_ssize_t)sizeof(int16_t))
        PyErr_Format(PyExc_ValueError, "need %d bytes of weights, %d of state and %d of sound, got %zd, %zd and %zd",
                     (int)(WEIGHTS * sizeof(float)), (int)(STATE * sizeof(float)), (int)(WINDOW * sizeof(int16_t)),
                     weights.len, state.len, window.len);
    else
        result = PyFloat_FromDouble(chosen_step(weights.buf, state.buf, window.buf));
    PyBuffer_Release(&window);
free_state:
    PyBuffer_Release(&state);
free_weights:
    PyBuffer_Release(&weights);
    return result;
}

static PyMethodDef methods[] = {
    {"probability", (PyCFunction)(void (*)(void))probability, METH_FASTCALL,
     "probability(weights, state, window) -> float\n\n"
     "Probability of speech in 1024 bytes of s16le sound; `state` (1280 bytes) is brought up to date."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_silero", "The Silero VAD kernel.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__silero(void)
{
    choose_step();
    PyObject *made = PyModule_Create(&module);
    /* so that a module of an older source is not taken for one of this */
    if (made && PyModule_AddIntConstant(made, "SOURCE_CRC32", SOURCE_CRC32) < 0) Py_CLEAR(made);
    return made;
}
