/*
 * secp256k1 for hashpool: libsecp256k1 with the operations that Cashu's blind signatures, BIP340, BIP341
 * and BIP324 need, one call each. The library is included whole, because a blind signature with its proof
 * wants the library's inner functions: with the public ones it would convert every point twice.
 *
 * Every function returns 1 (yes), 0 (no), or -n where its n-th input is malformed; FAILED where the inputs
 * are sound and the result does not exist. Secrets go through constant-time functions only.
 */

#include "module.h"

#include "src/secp256k1.c"

#define FAILED (-100)

static secp256k1_context context_storage;
static secp256k1_context *ctx;

/* The library's own checks have failed: the module is used wrongly or broken, so stop it. */
void secp256k1_default_illegal_callback_fn(const char *message, void *data) {
    (void)message;
    (void)data;
    __builtin_trap();
}

void secp256k1_default_error_callback_fn(const char *message, void *data) {
    secp256k1_default_illegal_callback_fn(message, data);
}

/* Must be called first. The seed blinds all multiplications of the base point. */
EXPORT int curve_start(const unsigned char seed[32]) {
    ctx = secp256k1_context_preallocated_create(&context_storage, SECP256K1_CONTEXT_NONE);
    return ctx != NULL && secp256k1_context_randomize(ctx, seed);
}

static int read_point(secp256k1_ge *point, const unsigned char bytes[33]) {
    return secp256k1_eckey_pubkey_parse(point, bytes, 33);
}

/* The mint's own keys come again and again, and each would cost a square root: those read last are kept. */
#define KNOWN_KEYS 256
static struct {
    unsigned char bytes[33];
    secp256k1_ge point;
} known_keys[KNOWN_KEYS];

static int read_key(secp256k1_ge *point, const unsigned char bytes[33]) {
    size_t place = bytes[32] % KNOWN_KEYS;
    /* A place that is still empty is full of zeros, with which no key begins. */
    if (bytes[0] != 0 && memcmp(known_keys[place].bytes, bytes, 33) == 0) {
        *point = known_keys[place].point;
        return 1;
    }
    if (!read_point(point, bytes)) return 0;
    memcpy(known_keys[place].bytes, bytes, 33);
    known_keys[place].point = *point;
    return 1;
}

/* Constant time in the point: the conversion out of projective coordinates must not leak the factor. */
static void to_affine(secp256k1_ge *point, secp256k1_gej *projective) {
    secp256k1_ge_set_gej(point, projective);
    secp256k1_fe_normalize(&point->x);
    secp256k1_fe_normalize(&point->y);
}

static int write_point(unsigned char out[33], secp256k1_gej *projective) {
    secp256k1_ge point;
    if (secp256k1_gej_is_infinity(projective)) return FAILED;
    to_affine(&point, projective);
    secp256k1_eckey_pubkey_serialize33(&point, out);
    return 1;
}

EXPORT int point_valid(const unsigned char point[33]) {
    secp256k1_ge p;
    return read_point(&p, point);
}

EXPORT int secret_valid(const unsigned char secret[32]) {
    return secp256k1_ec_seckey_verify(ctx, secret);
}

EXPORT int public_key(unsigned char out[33], const unsigned char secret[32]) {
    secp256k1_scalar k;
    secp256k1_gej p;
    if (!secp256k1_scalar_set_b32_seckey(&k, secret)) return -1;
    secp256k1_ecmult_gen_gej(&ctx->ecmult_gen_ctx, &p, &k);
    return write_point(out, &p);
}

EXPORT int point_multiply(unsigned char out[33], const unsigned char point[33], const unsigned char secret[32]) {
    secp256k1_scalar k;
    secp256k1_ge p;
    secp256k1_gej product;
    if (!read_point(&p, point)) return -1;
    if (!secp256k1_scalar_set_b32_seckey(&k, secret)) return -2;
    secp256k1_ecmult_const(&product, &p, &k);
    return write_point(out, &product);
}

EXPORT int point_add(unsigned char out[33], const unsigned char a[33], const unsigned char b[33]) {
    secp256k1_ge p, q;
    secp256k1_gej sum;
    if (!read_point(&p, a)) return -1;
    if (!read_point(&q, b)) return -2;
    secp256k1_gej_set_ge(&sum, &p);
    secp256k1_gej_add_ge(&sum, &sum, &q);
    return write_point(out, &sum);
}

EXPORT int point_negate(unsigned char out[33], const unsigned char point[33]) {
    secp256k1_ge p;
    if (!read_point(&p, point)) return -1;
    memcpy(out, point, 33);
    out[0] ^= SECP256K1_TAG_PUBKEY_EVEN ^ SECP256K1_TAG_PUBKEY_ODD;
    return 1;
}

static int write_secret(unsigned char out[32], const secp256k1_scalar *k) {
    if (secp256k1_scalar_is_zero(k)) return FAILED;
    secp256k1_scalar_get_b32(out, k);
    return 1;
}

EXPORT int secret_add(unsigned char out[32], const unsigned char a[32], const unsigned char b[32]) {
    secp256k1_scalar k, l;
    if (!secp256k1_scalar_set_b32_seckey(&k, a)) return -1;
    if (!secp256k1_scalar_set_b32_seckey(&l, b)) return -2;
    secp256k1_scalar_add(&k, &k, &l);
    return write_secret(out, &k);
}

EXPORT int secret_multiply(unsigned char out[32], const unsigned char a[32], const unsigned char b[32]) {
    secp256k1_scalar k, l;
    if (!secp256k1_scalar_set_b32_seckey(&k, a)) return -1;
    if (!secp256k1_scalar_set_b32_seckey(&l, b)) return -2;
    secp256k1_scalar_mul(&k, &k, &l);
    return write_secret(out, &k);
}

EXPORT int secret_negate(unsigned char out[32], const unsigned char secret[32]) {
    secp256k1_scalar k;
    if (!secp256k1_scalar_set_b32_seckey(&k, secret)) return -1;
    secp256k1_scalar_negate(&k, &k);
    return write_secret(out, &k);
}

/* NUT-00: the first of sha256(sha256(tag || message) || counter) that is an x coordinate, with even y. */
static int find_point(secp256k1_ge *point, const unsigned char *message, size_t length) {
    static const char tag[] = "Secp256k1_HashToCurve_Cashu_";
    const secp256k1_hash_ctx *hash_ctx = secp256k1_get_hash_context(ctx);
    unsigned char seed[36], candidate[32];
    secp256k1_sha256 sha;
    secp256k1_fe x;
    secp256k1_sha256_initialize(&sha);
    secp256k1_sha256_write(hash_ctx, &sha, (const unsigned char *)tag, sizeof tag - 1);
    secp256k1_sha256_write(hash_ctx, &sha, message, length);
    secp256k1_sha256_finalize(hash_ctx, &sha, seed);
    /* The NUT ends the search at 2^16 tries; no input needs a hundredth of them. */
    for (uint32_t counter = 0; counter < 0x10000; counter++) {
        memcpy(seed + 32, &counter, 4);
        secp256k1_sha256_initialize(&sha);
        secp256k1_sha256_write(hash_ctx, &sha, seed, 36);
        secp256k1_sha256_finalize(hash_ctx, &sha, candidate);
        if (secp256k1_fe_set_b32_limit(&x, candidate) && secp256k1_ge_set_xo_var(point, &x, 0)) return 1;
    }
    return 0;
}

EXPORT int hash_to_curve(unsigned char out[33], const unsigned char *message, size_t length) {
    secp256k1_ge point;
    if (!find_point(&point, message, length)) return FAILED;
    secp256k1_eckey_pubkey_serialize33(&point, out);
    return 1;
}

/* Equality of points without an inversion, in constant time: `a` may be a signature nobody asked for. */
static int same_point(const secp256k1_gej *a, const secp256k1_ge *b) {
    secp256k1_fe z, x, y;
    secp256k1_fe_sqr(&z, &a->z);
    secp256k1_fe_mul(&x, &b->x, &z);
    secp256k1_fe_mul(&z, &z, &a->z);
    secp256k1_fe_mul(&y, &b->y, &z);
    return secp256k1_fe_equal(&x, &a->x) & secp256k1_fe_equal(&y, &a->y) & !a->infinity;
}

/* NUT-00: is `signature` = secret * hash_to_curve(message)? Puts out the latter, which is the proof's Y. */
EXPORT int verify_proof(unsigned char out[33], const unsigned char *message, size_t length,
                        const unsigned char signature[33], const unsigned char secret[32]) {
    secp256k1_scalar k;
    secp256k1_ge point, claimed;
    secp256k1_gej product;
    if (!read_point(&claimed, signature)) return -2;
    if (!secp256k1_scalar_set_b32_seckey(&k, secret)) return -3;
    if (!find_point(&point, message, length)) return FAILED;
    secp256k1_eckey_pubkey_serialize33(&point, out);
    secp256k1_ecmult_const(&product, &point, &k);
    return same_point(&product, &claimed);
}

static void hash_hex_of_point(secp256k1_sha256 *sha, secp256k1_ge *point) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[65], text[130];
    secp256k1_eckey_pubkey_serialize65(point, bytes);
    for (int i = 0; i < 65; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    secp256k1_sha256_write(secp256k1_get_hash_context(ctx), sha, text, sizeof text);
}

/* NUT-12's hash_e over R1, R2, A, C_. */
static void hash_e(unsigned char out[32], secp256k1_ge *r1, secp256k1_ge *r2, secp256k1_ge *key,
                   secp256k1_ge *signature) {
    secp256k1_sha256 sha;
    secp256k1_sha256_initialize(&sha);
    hash_hex_of_point(&sha, r1);
    hash_hex_of_point(&sha, r2);
    hash_hex_of_point(&sha, key);
    hash_hex_of_point(&sha, signature);
    secp256k1_sha256_finalize(secp256k1_get_hash_context(ctx), &sha, out);
}

/* NUT-12's deterministic nonce: HMAC by the secret over everything that the challenge depends on. */
static int dleq_nonce(secp256k1_scalar *r, const unsigned char secret[32], secp256k1_ge *key,
                      secp256k1_ge *blinded, secp256k1_ge *signature) {
    static const char tag[] = "Cashu_DLEQ_R_v1";
    const secp256k1_hash_ctx *hash_ctx = secp256k1_get_hash_context(ctx);
    unsigned char points[3 * 65], nonce[32];
    secp256k1_hmac_sha256 hmac;
    int found = 0;
    secp256k1_eckey_pubkey_serialize65(key, points);
    secp256k1_eckey_pubkey_serialize65(blinded, points + 65);
    secp256k1_eckey_pubkey_serialize65(signature, points + 130);
    for (int counter = 0; counter < 256 && !found; counter++) {
        unsigned char byte = (unsigned char)counter;
        secp256k1_hmac_sha256_initialize(hash_ctx, &hmac, secret, 32);
        secp256k1_hmac_sha256_write(hash_ctx, &hmac, (const unsigned char *)tag, sizeof tag - 1);
        secp256k1_hmac_sha256_write(hash_ctx, &hmac, points, sizeof points);
        secp256k1_hmac_sha256_write(hash_ctx, &hmac, &byte, 1);
        secp256k1_hmac_sha256_finalize(hash_ctx, &hmac, nonce);
        found = secp256k1_scalar_set_b32_seckey(r, nonce);
    }
    return found;
}

/* Both points out of projective coordinates for one constant-time inversion. Neither may be infinity. */
static void to_affine_pair(secp256k1_ge *p, secp256k1_ge *q, secp256k1_gej *a, secp256k1_gej *b) {
    secp256k1_fe inverse, za, zb;
    secp256k1_fe_mul(&inverse, &a->z, &b->z);
    secp256k1_fe_inv(&inverse, &inverse);
    secp256k1_fe_mul(&za, &inverse, &b->z);
    secp256k1_fe_mul(&zb, &inverse, &a->z);
    secp256k1_ge_set_gej_zinv(p, a, &za);
    secp256k1_ge_set_gej_zinv(q, b, &zb);
    secp256k1_fe_normalize(&p->x);
    secp256k1_fe_normalize(&p->y);
    secp256k1_fe_normalize(&q->x);
    secp256k1_fe_normalize(&q->y);
}

/*
 * The odd multiples of a point and of lambda times it, over one z: what secp256k1_ecmult_const makes anew for each
 * secret, and a signature with its proof needs for two.
 */
typedef struct {
    secp256k1_ge of_point[ECMULT_CONST_TABLE_SIZE], of_lambda[ECMULT_CONST_TABLE_SIZE];
    secp256k1_fe z;
} multiples;

static void find_multiples(multiples *table, const secp256k1_ge *point) {
    secp256k1_gej p;
    secp256k1_gej_set_ge(&p, point);
    secp256k1_ecmult_const_odd_multiples_table_globalz(table->of_point, &table->z, &p);
    for (int i = 0; i < ECMULT_CONST_TABLE_SIZE; i++)
        secp256k1_ge_mul_lambda(&table->of_lambda[i], &table->of_point[i]);
}

/* Constant time in the secret: signed digits and the split by lambda, as secp256k1_ecmult_const explains them. */
static void multiply_by(secp256k1_gej *product, const multiples *table, const secp256k1_scalar *secret) {
    static const secp256k1_scalar offset = SECP256K1_SCALAR_CONST(0, 0, 0, 1, 0, 0, 0, 0);
    secp256k1_scalar s, low, high;
    secp256k1_ge term;
    secp256k1_scalar_add(&s, secret, &secp256k1_ecmult_const_K);
    secp256k1_scalar_half(&s, &s);
    secp256k1_scalar_split_lambda(&low, &high, &s);
    secp256k1_scalar_add(&low, &low, &offset);
    secp256k1_scalar_add(&high, &high, &offset);
    for (int bit = ECMULT_CONST_BITS - ECMULT_CONST_GROUP_SIZE; bit >= 0; bit -= ECMULT_CONST_GROUP_SIZE) {
        unsigned int digit = secp256k1_scalar_get_bits_var(&low, bit, ECMULT_CONST_GROUP_SIZE);
        ECMULT_CONST_TABLE_GET_GE(&term, table->of_point, digit);
        if (bit == ECMULT_CONST_BITS - ECMULT_CONST_GROUP_SIZE) {
            secp256k1_gej_set_ge(product, &term);
        } else {
            for (int i = 0; i < ECMULT_CONST_GROUP_SIZE; i++) secp256k1_gej_double(product, product);
            secp256k1_gej_add_ge(product, product, &term);
        }
        digit = secp256k1_scalar_get_bits_var(&high, bit, ECMULT_CONST_GROUP_SIZE);
        ECMULT_CONST_TABLE_GET_GE(&term, table->of_lambda, digit);
        secp256k1_gej_add_ge(product, product, &term);
    }
    secp256k1_fe_mul(&product->z, &product->z, &table->z);
}

/*
 * NUT-00's blind signature and NUT-12's proof: out = C_ (33) || e (32) || s (32).
 * `key` is the secret's public key where the caller has it (which saves a multiplication), else NULL.
 */
EXPORT int sign_blinded(unsigned char out[97], const unsigned char blinded[33], const unsigned char secret[32],
                        const unsigned char *key) {
    secp256k1_scalar k, r, e;
    secp256k1_ge b, a, c, r1, r2;
    secp256k1_gej product, nonce_g, nonce_b;
    multiples of_b;
    if (!read_point(&b, blinded)) return -1;
    if (!secp256k1_scalar_set_b32_seckey(&k, secret)) return -2;
    if (key == NULL) {
        secp256k1_ecmult_gen_gej(&ctx->ecmult_gen_ctx, &product, &k);
        to_affine(&a, &product);
    } else if (!read_key(&a, key)) {
        return -3;
    }
    find_multiples(&of_b, &b);
    multiply_by(&product, &of_b, &k);
    to_affine(&c, &product);
    if (!dleq_nonce(&r, secret, &a, &b, &c)) return FAILED;
    secp256k1_ecmult_gen_gej(&ctx->ecmult_gen_ctx, &nonce_g, &r);
    multiply_by(&nonce_b, &of_b, &r);
    to_affine_pair(&r1, &r2, &nonce_g, &nonce_b);
    secp256k1_eckey_pubkey_serialize33(&c, out);
    hash_e(out + 33, &r1, &r2, &a, &c);
    secp256k1_scalar_set_b32(&e, out + 33, NULL);
    secp256k1_scalar_mul(&e, &e, &k);
    secp256k1_scalar_add(&e, &e, &r);
    secp256k1_scalar_get_b32(out + 65, &e);
    return 1;
}

/* For public points only. False at infinity. */
static int to_affine_var(secp256k1_ge *point, secp256k1_gej *projective) {
    if (secp256k1_gej_is_infinity(projective)) return 0;
    secp256k1_ge_set_gej_var(point, projective);
    secp256k1_fe_normalize_var(&point->x);
    secp256k1_fe_normalize_var(&point->y);
    return 1;
}

/* NUT-12: R1 = s*G - e*A, R2 = s*B_ - e*C_; does hash_e(R1, R2, A, C_) give e? */
EXPORT int verify_dleq(const unsigned char blinded[33], const unsigned char signature[33],
                       const unsigned char key[33], const unsigned char e32[32],
                       const unsigned char s32[32]) {
    secp256k1_scalar e, s;
    secp256k1_ge b, c, a, r1, r2;
    secp256k1_gej point, product, other;
    unsigned char hash[32];
    int overflow;
    if (!read_point(&b, blinded)) return -1;
    if (!read_point(&c, signature)) return -2;
    if (!read_key(&a, key)) return -3;
    secp256k1_scalar_set_b32(&s, s32, &overflow);
    if (overflow) return 0;
    secp256k1_scalar_set_b32(&e, e32, NULL);
    secp256k1_scalar_negate(&e, &e);
    secp256k1_gej_set_ge(&point, &a);
    secp256k1_ecmult(&product, &point, &e, &s);
    if (!to_affine_var(&r1, &product)) return 0;
    secp256k1_gej_set_ge(&point, &b);
    secp256k1_ecmult(&product, &point, &s, NULL);
    secp256k1_gej_set_ge(&point, &c);
    secp256k1_ecmult(&other, &point, &e, NULL);
    secp256k1_gej_add_var(&product, &product, &other, NULL);
    if (!to_affine_var(&r2, &product)) return 0;
    hash_e(hash, &r1, &r2, &a, &c);
    return secp256k1_memcmp_var(hash, e32, 32) == 0;
}

/* BIP340. */
EXPORT int schnorr_sign(unsigned char out[64], const unsigned char *message, size_t length,
                        const unsigned char secret[32], unsigned char aux[32]) {
    secp256k1_keypair pair;
    secp256k1_schnorrsig_extraparams extra = SECP256K1_SCHNORRSIG_EXTRAPARAMS_INIT;
    extra.ndata = aux;
    if (!secp256k1_keypair_create(ctx, &pair, secret)) return -2;
    return secp256k1_schnorrsig_sign_custom(ctx, out, message, length, &pair, &extra) ? 1 : FAILED;
}

/* A miner's quotes are locked to one key, which is read once for all of them. */
static struct {
    int is_known;
    unsigned char bytes[32];
    secp256k1_xonly_pubkey key;
} known_x_only[KNOWN_KEYS];

static const secp256k1_xonly_pubkey *read_x_only(const unsigned char bytes[32]) {
    size_t place = bytes[31] % KNOWN_KEYS;
    if (known_x_only[place].is_known && memcmp(known_x_only[place].bytes, bytes, 32) == 0)
        return &known_x_only[place].key;
    known_x_only[place].is_known = secp256k1_xonly_pubkey_parse(ctx, &known_x_only[place].key, bytes);
    memcpy(known_x_only[place].bytes, bytes, 32);
    return known_x_only[place].is_known ? &known_x_only[place].key : NULL;
}

/* BIP340. A key that is no x coordinate verifies nothing, as the BIP's vectors have it. */
EXPORT int schnorr_verify(const unsigned char signature[64], const unsigned char *message, size_t length,
                          const unsigned char x_only[32]) {
    const secp256k1_xonly_pubkey *key = read_x_only(x_only);
    return key != NULL && secp256k1_schnorrsig_verify(ctx, signature, message, length, key);
}

/* BIP341: out = parity (1) || x of x_only + tweak * G (32). */
EXPORT int x_only_tweak(unsigned char out[33], const unsigned char x_only[32], const unsigned char tweak[32]) {
    secp256k1_xonly_pubkey key;
    secp256k1_pubkey tweaked;
    secp256k1_scalar t;
    int overflow;
    size_t size = 33;
    if (!secp256k1_xonly_pubkey_parse(ctx, &key, x_only)) return -1;
    secp256k1_scalar_set_b32(&t, tweak, &overflow);
    if (overflow) return -2;
    if (!secp256k1_xonly_pubkey_tweak_add(ctx, &tweaked, &key, tweak)) return FAILED;
    secp256k1_ec_pubkey_serialize(ctx, out, &size, &tweaked, SECP256K1_EC_COMPRESSED);
    out[0] &= 1;
    return 1;
}

/* BIP324. */
EXPORT int ellswift_create(unsigned char out[64], const unsigned char secret[32], const unsigned char aux[32]) {
    return secp256k1_ellswift_create(ctx, out, secret, aux) ? 1 : -1;
}

/* BIP324. Every 64 bytes are a point. */
EXPORT int ellswift_decode(unsigned char out[33], const unsigned char encoded[64]) {
    secp256k1_pubkey key;
    size_t size = 33;
    secp256k1_ellswift_decode(ctx, &key, encoded);
    return secp256k1_ec_pubkey_serialize(ctx, out, &size, &key, SECP256K1_EC_COMPRESSED);
}

/* BIP324's tagged shared secret. `party` is 0 where `secret` is the initiator's, 1 where the responder's. */
EXPORT int ellswift_xdh(unsigned char out[32], const unsigned char initiator[64],
                        const unsigned char responder[64], const unsigned char secret[32], int party) {
    int done = secp256k1_ellswift_xdh(ctx, out, initiator, responder, secret, party,
                                      secp256k1_ellswift_xdh_hash_function_bip324, NULL);
    return done ? 1 : -3;
}
