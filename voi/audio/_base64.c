/* Base64 of sound, as JSON protocols carry it fifty times a second for each caller: four characters, or three bytes, at
   a time through tables. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
#define BAD 0x80000000u

static uint32_t bits_of[4][256]; /* of a character, by its place among four; BAD: it is not in the alphabet */
static char pair_of[4096][2];    /* the two characters of twelve bits */

static void make_tables(void)
{
    for (int i = 0; i < 256; i++)
        for (int place = 0; place < 4; place++) bits_of[place][i] = BAD;
    for (uint32_t value = 0; value < 64; value++)
        for (int place = 0; place < 4; place++)
            bits_of[place][(unsigned char)ALPHABET[value]] = value << (18 - 6 * place);
    for (int bits = 0; bits < 4096; bits++) {
        pair_of[bits][0] = ALPHABET[bits >> 6];
        pair_of[bits][1] = ALPHABET[bits & 63];
    }
}

/* The 24 bits of four characters, of which the last `missing` are padding; BAD is set if one is not in the alphabet. */
static inline uint32_t quad(const unsigned char *text, int missing)
{
    uint32_t bits = bits_of[0][text[0]] | bits_of[1][text[1]];
    if (missing < 2) bits |= bits_of[2][text[2]];
    if (missing < 1) bits |= bits_of[3][text[3]];
    return bits;
}

static PyObject *decode(PyObject *self, PyObject *text)
{
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "decode(text): a str");
        return NULL;
    }
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    if (!PyUnicode_IS_ASCII(text) || size % 4) Py_RETURN_NONE;
    const unsigned char *from = PyUnicode_1BYTE_DATA(text);
    int missing = !size || from[size - 1] != '=' ? 0 : from[size - 2] == '=' ? 2 : 1;
    PyObject *sound = PyBytes_FromStringAndSize(NULL, size / 4 * 3 - missing);
    if (!sound) return NULL;
    unsigned char *to = (unsigned char *)PyBytes_AS_STRING(sound);
    const unsigned char *last = from + size - (missing ? 4 : 0);
    uint32_t seen = 0;
    for (; from < last; from += 4, to += 3) {
        uint32_t bits = quad(from, 0);
        seen |= bits;
        to[0] = bits >> 16, to[1] = bits >> 8, to[2] = bits;
    }
    if (missing) {
        uint32_t bits = quad(from, missing);
        seen |= bits;
        to[0] = bits >> 16;
        if (missing == 1) to[1] = bits >> 8;
    }
    if (!(seen & BAD)) return sound;
    Py_DECREF(sound);
    Py_RETURN_NONE;
}

static PyObject *encode(PyObject *self, PyObject *bytes)
{
    Py_buffer sound;
    if (PyObject_GetBuffer(bytes, &sound, PyBUF_SIMPLE)) return NULL;
    PyObject *text = sound.len <= PY_SSIZE_T_MAX / 2 ? PyUnicode_New((sound.len + 2) / 3 * 4, 127) : PyErr_NoMemory();
    if (text) {
        const unsigned char *from = sound.buf, *whole = from + sound.len / 3 * 3;
        char *to = sound.len ? (char *)PyUnicode_1BYTE_DATA(text) : NULL;
        for (; from < whole; from += 3, to += 4) {
            uint32_t bits = from[0] << 16 | from[1] << 8 | from[2];
            memcpy(to, pair_of[bits >> 12], 2);
            memcpy(to + 2, pair_of[bits & 4095], 2);
        }
        int left = sound.len % 3;
        if (left) {
            uint32_t bits = from[0] << 16 | (left == 2 ? from[1] << 8 : 0);
            memcpy(to, pair_of[bits >> 12], 2);
            to[2] = left == 2 ? ALPHABET[bits >> 6 & 63] : '=';
            to[3] = '=';
        }
    }
    PyBuffer_Release(&sound);
    return text;
}

static PyMethodDef methods[] = {
    {"decode", decode, METH_O, "decode(text) -> bytes, or None if the text is not base64 without a flaw"},
    {"encode", encode, METH_O, "encode(bytes) -> str"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_base64", "Base64 of sound.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__base64(void)
{
    make_tables();
    return PyModule_Create(&module);
}
