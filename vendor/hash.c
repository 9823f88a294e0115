/*
 * SHA-256 for hashpool: plain and double hashes, HMAC, one share or four in one call, and the nonce search.
 * Hashes come out in SHA-256's own byte order, which is the order of Bitcoin's headers.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "module.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t INITIAL[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

#define LANES 4
typedef uint32_t Lanes __attribute__((vector_size(4 * LANES)));

#define WORD uint32_t
#define COMPRESS compress_inline
#include "sha256-rounds.h"

#define WORD Lanes
#define COMPRESS compress_lanes
#include "sha256-rounds.h"

static __attribute__((noinline)) void compress(uint32_t state[8], const uint32_t block[16]) {
    compress_inline(state, block);
}

/* The second block of a message of 64 bytes is the same for all of them, its schedule known to the compiler. */
static __attribute__((noinline)) void compress_padding(uint32_t state[8]) {
    compress_inline(state, (const uint32_t[16]){[0] = 0x80000000, [15] = 512});
}

static uint32_t read_be32(const unsigned char *bytes) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    return __builtin_bswap32(word);
}

static void write_be32(unsigned char *bytes, uint32_t word) {
    word = __builtin_bswap32(word);
    memcpy(bytes, &word, 4);
}

static void compress_bytes(uint32_t state[8], const unsigned char block[64]) {
    uint32_t w[16];
    for (int i = 0; i < 16; i++) w[i] = read_be32(block + 4 * i);
    compress(state, w);
}

/* Hashes what follows `done` bytes (a multiple of 64) that are already in `state`. */
static void finish(uint32_t state[8], size_t done, const unsigned char *bytes, size_t length) {
    unsigned char last[128] = {0};
    uint64_t bits = (uint64_t)(done + length) * 8;
    while (length >= 64) {
        compress_bytes(state, bytes);
        bytes += 64;
        length -= 64;
    }
    memcpy(last, bytes, length);
    last[length] = 0x80;
    size_t size = length < 56 ? 64 : 128;
    write_be32(last + size - 8, (uint32_t)(bits >> 32));
    write_be32(last + size - 4, (uint32_t)bits);
    compress_bytes(state, last);
    if (size == 128) compress_bytes(state, last + 64);
}

/* Hashes the 32 bytes whose words are `words`, into `words`. */
static __attribute__((noinline)) void rehash(uint32_t words[8]) {
    uint32_t w[16] = {0};
    memcpy(w, words, 32);
    w[8] = 0x80000000;
    w[15] = 256;
    memcpy(words, INITIAL, 32);
    compress_inline(words, w);
}

static void write_words(unsigned char out[32], const uint32_t words[8]) {
    for (int i = 0; i < 8; i++) write_be32(out + 4 * i, words[i]);
}

EXPORT void sha256(unsigned char out[32], const unsigned char *bytes, size_t length) {
    uint32_t state[8];
    memcpy(state, INITIAL, 32);
    finish(state, 0, bytes, length);
    write_words(out, state);
}

static void sha256d_words(uint32_t words[8], const unsigned char *bytes, size_t length) {
    memcpy(words, INITIAL, 32);
    finish(words, 0, bytes, length);
    rehash(words);
}

EXPORT void sha256d(unsigned char out[32], const unsigned char *bytes, size_t length) {
    uint32_t words[8];
    sha256d_words(words, bytes, length);
    write_words(out, words);
}

/* RFC 2104 with SHA-256. A key above 64 bytes must have been hashed by the caller. */
EXPORT void hmac_sha256(unsigned char out[32], const unsigned char *key, size_t key_length,
                        const unsigned char *bytes, size_t length) {
    unsigned char block[64] = {0};
    uint32_t state[8];
    memcpy(block, key, key_length);
    for (int i = 0; i < 64; i++) block[i] ^= 0x36;
    memcpy(state, INITIAL, 32);
    compress_bytes(state, block);
    finish(state, 64, bytes, length);
    write_words(out, state);
    for (int i = 0; i < 64; i++) block[i] ^= 0x36 ^ 0x5c;
    memcpy(state, INITIAL, 32);
    compress_bytes(state, block);
    finish(state, 64, out, 32);
    write_words(out, state);
}

/*
 * One share: the coinbase's txid, folded up the merkle path (`steps` hashes of 32 bytes) into the root,
 * which is written into the 80-byte header at 36; `out` gets the header's sha256d.
 */
EXPORT void share_header(unsigned char out[32], unsigned char header[80], const unsigned char *coinbase,
                         size_t length, const unsigned char *path, size_t steps) {
    uint32_t node[8];
    sha256d_words(node, coinbase, length);
    for (; steps > 0; steps--, path += 32) {
        uint32_t pair[16];
        memcpy(pair, node, 32);
        for (int i = 0; i < 8; i++) pair[8 + i] = read_be32(path + 4 * i);
        memcpy(node, INITIAL, 32);
        compress(node, pair);
        compress_padding(node);
        rehash(node);
    }
    write_words(header + 36, node);
    sha256d(out, header, 80);
}

static __attribute__((noinline)) void compress_four(Lanes state[8], const Lanes block[16]) {
    compress_lanes(state, block);
}

static void spread(Lanes to[8], const uint32_t from[8]) {
    for (int i = 0; i < 8; i++) to[i] = (Lanes){} + from[i];
}

/* As `rehash`, in every lane. */
static __attribute__((noinline)) void rehash_four(Lanes words[8]) {
    Lanes w[16] = {};
    memcpy(w, words, 8 * sizeof(Lanes));
    w[8] += 0x80000000;
    w[15] += 256;
    spread(words, INITIAL);
    compress_lanes(words, w);
}

static __attribute__((noinline)) void compress_padding_four(Lanes state[8]) {
    Lanes w[16] = {};
    w[0] += 0x80000000;
    w[15] += 512;
    compress_lanes(state, w);
}

static void read_lane(Lanes w[16], int lane, const unsigned char block[64]) {
    for (int i = 0; i < 16; i++) w[i][lane] = read_be32(block + 4 * i);
}

/* The 64 bytes at `from` of a message as SHA-256 pads it. */
static void padded_block(unsigned char block[64], const unsigned char *bytes, size_t length, size_t from) {
    memset(block, 0, 64);
    if (from < length) memcpy(block, bytes + from, length - from < 64 ? length - from : 64);
    if (from <= length && length < from + 64) block[length - from] = 0x80;
    if (length + 9 <= from + 64) {
        write_be32(block + 56, (uint32_t)((uint64_t)length * 8 >> 32));
        write_be32(block + 60, (uint32_t)length * 8);
    }
}

/* As `share_header`, of four shares of one job: a coinbase whose `size` bytes at `at` are another's in each. */
EXPORT void share_headers(unsigned char out[LANES][32], unsigned char headers[LANES][80], unsigned char *coinbase,
                          size_t length, size_t at, const unsigned char *extranonces, size_t size,
                          const unsigned char *path, size_t steps) {
    unsigned char block[64];
    uint32_t common[8];
    Lanes node[8], w[16];
    size_t from = 0;
    memcpy(common, INITIAL, 32);
    for (; from + 64 <= at; from += 64) compress_bytes(common, coinbase + from);
    spread(node, common);
    for (; from < length + 9; from += 64) {
        for (int lane = 0; lane < LANES; lane++) {
            memcpy(coinbase + at, extranonces + lane * size, size);
            padded_block(block, coinbase, length, from);
            read_lane(w, lane, block);
        }
        compress_four(node, w);
    }
    rehash_four(node);
    for (; steps > 0; steps--, path += 32) {
        memcpy(w, node, sizeof node);
        for (int i = 0; i < 8; i++) w[8 + i] = (Lanes){} + read_be32(path + 4 * i);
        spread(node, INITIAL);
        compress_four(node, w);
        compress_padding_four(node);
        rehash_four(node);
    }
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < 8; i++) write_be32(headers[lane] + 36 + 4 * i, node[i][lane]);
    spread(node, INITIAL);
    for (from = 0; from < 128; from += 64) {
        for (int lane = 0; lane < LANES; lane++) {
            padded_block(block, headers[lane], 80, from);
            read_lane(w, lane, block);
        }
        compress_four(node, w);
    }
    rehash_four(node);
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < 8; i++) write_be32(out[lane] + 4 * i, node[i][lane]);
}

static uint32_t leading_zeros(const uint32_t words[8]) {
    for (int i = 7; i >= 0; i--) {
        if (words[i] != 0) return 32 * (7 - i) + __builtin_clz(__builtin_bswap32(words[i]));
    }
    return 256;
}

/*
 * The first nonce of `count` ones from `first` on that gives the header's hash, read as a big number,
 * `bits` leading zero bits or more; -1 if there is none. `first + count` must not pass 2^32.
 */
EXPORT double scan_nonces(const unsigned char header[80], uint32_t first, double count, uint32_t bits) {
    uint32_t midstate[8];
    memcpy(midstate, INITIAL, 32);
    compress_bytes(midstate, header);
    uint32_t must_be_zero = bits >= 32 ? 0xffffffff : __builtin_bswap32(~(0xffffffffu >> bits));
    uint32_t tail[3] = {read_be32(header + 64), read_be32(header + 68), read_be32(header + 72)};
    uint64_t end = first + (uint64_t)count;
    for (uint64_t base = first; base < end; base += LANES) {
        Lanes state[8], w[16];
        for (int i = 0; i < 8; i++) state[i] = (Lanes){} + midstate[i];
        for (int i = 0; i < 16; i++) w[i] = (Lanes){};
        for (int i = 0; i < 3; i++) w[i] += tail[i];
        for (int lane = 0; lane < LANES; lane++) w[3][lane] = __builtin_bswap32((uint32_t)base + lane);
        w[4] += 0x80000000;
        w[15] += 640;
        compress_lanes(state, w);
        for (int i = 0; i < 8; i++) {
            w[i] = state[i];
            w[8 + i] = (Lanes){};
            state[i] = (Lanes){} + INITIAL[i];
        }
        w[8] += 0x80000000;
        w[15] += 256;
        compress_lanes(state, w);
        for (int lane = 0; lane < LANES && base + lane < end; lane++) {
            if (state[7][lane] & must_be_zero) continue;
            uint32_t words[8];
            for (int i = 0; i < 8; i++) words[i] = state[i][lane];
            if (leading_zeros(words) >= bits) return (double)(base + lane);
        }
    }
    return -1;
}
