/*
 * mime/arena.h - memory that is given back all at once.
 *
 * One conversion builds many small strings and binaries that all die together. An arena that ran out of memory stays
 * failed and answers NULL from then on, so a builder can go on and ask once at its end.
 */
#ifndef MIME_ARENA_H
#define MIME_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct mime_arena_block;

struct mime_arena {
    struct mime_arena_block *blocks;
    bool failed;
};

void mime_arena_init(struct mime_arena *arena);
void mime_arena_clear(struct mime_arena *arena);

/* Zeroed memory aligned for any type, or NULL (and the arena has failed). A size of 0 answers a valid pointer. */
void *mime_arena_alloc(struct mime_arena *arena, size_t size);
void *mime_arena_copy(struct mime_arena *arena, const void *bytes, size_t size);

/* A NUL-terminated copy of the first `size` bytes. */
char *mime_arena_text(struct mime_arena *arena, const char *text, size_t size);

#endif
