/*
 * SHA-256's compression function (FIPS 180-4, 6.2.2), written once for any word type: include it with
 * WORD (uint32_t, or a vector of them, one lane per message) and COMPRESS (the function's name) defined.
 */

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)); a step's a ^ b is the next step's b ^ c, kept in `bc`. */
#define STEP(a, b, c, d, e, f, g, h, i)                                                                      \
    do {                                                                                                     \
        WORD t = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + (g ^ (e & (f ^ g))) + K[k + i] + w[i]; \
        WORD ab = a ^ b;                                                                                     \
        d += t;                                                                                              \
        h = t + (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + (b ^ (ab & bc));                            \
        bc = ab;                                                                                             \
    } while (0)

#define EXTEND(i)                                                                                        \
    (w[i] += (ROTATE(w[(i + 14) & 15], 17) ^ ROTATE(w[(i + 14) & 15], 19) ^ w[(i + 14) & 15] >> 10) +    \
             w[(i + 9) & 15] +                                                                           \
             (ROTATE(w[(i + 1) & 15], 7) ^ ROTATE(w[(i + 1) & 15], 18) ^ w[(i + 1) & 15] >> 3))

/* Adds one block of 16 words to `state`. */
static inline __attribute__((always_inline)) void COMPRESS(WORD state[8], const WORD block[16]) {
    WORD w[16];
    for (int i = 0; i < 16; i++) w[i] = block[i];
    WORD a = state[0], b = state[1], c = state[2], d = state[3];
    WORD e = state[4], f = state[5], g = state[6], h = state[7];
    WORD bc = b ^ c;
#pragma clang loop unroll(full)
    for (int k = 0; k < 64; k += 16) {
        if (k > 0) {
#pragma clang loop unroll(full)
            for (int i = 0; i < 16; i++) EXTEND(i);
        }
        STEP(a, b, c, d, e, f, g, h, 0);
        STEP(h, a, b, c, d, e, f, g, 1);
        STEP(g, h, a, b, c, d, e, f, 2);
        STEP(f, g, h, a, b, c, d, e, 3);
        STEP(e, f, g, h, a, b, c, d, 4);
        STEP(d, e, f, g, h, a, b, c, 5);
        STEP(c, d, e, f, g, h, a, b, 6);
        STEP(b, c, d, e, f, g, h, a, 7);
        STEP(a, b, c, d, e, f, g, h, 8);
        STEP(h, a, b, c, d, e, f, g, 9);
        STEP(g, h, a, b, c, d, e, f, 10);
        STEP(f, g, h, a, b, c, d, e, 11);
        STEP(e, f, g, h, a, b, c, d, 12);
        STEP(d, e, f, g, h, a, b, c, 13);
        STEP(c, d, e, f, g, h, a, b, 14);
        STEP(b, c, d, e, f, g, h, a, 15);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

#undef ROTATE
#undef STEP
#undef EXTEND
#undef WORD
#undef COMPRESS
