/* What the module's parts share. The host writes arguments into `io_area` and passes pointers into it. */

#ifndef HASHPOOL_MODULE_H
#define HASHPOOL_MODULE_H

#define EXPORT __attribute__((visibility("default"), used))

/* Holds the longest input (a coinbase with 64 KiB on both sides of the extranonce) and its results. */
#define IO_BYTES (160 * 1024)

#endif
