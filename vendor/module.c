#include "module.h"

#include <stddef.h>
#include <string.h>

static unsigned char area[IO_BYTES] __attribute__((aligned(16)));

EXPORT unsigned char *io_area(void) {
    return area;
}

EXPORT size_t io_bytes(void) {
    return IO_BYTES;
}

/* More than any exported function needs of the stack. */
#define STACK_BYTES (8 * 1024)

/* Overwrites what the last call left on the stack. No function can do that for its own frame. */
EXPORT void scrub_stack(void) {
    unsigned char stale[STACK_BYTES];
    memset(stale, 0, sizeof stale);
    /* The compiler must believe that the zeros are read, or it drops them. */
    __asm__ volatile("" : : "r"(stale) : "memory");
}
