#include "mime/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 4096 };

struct mime_arena_block {
    struct mime_arena_block *next;
    size_t used, size;
    max_align_t bytes[];
};

void mime_arena_init(struct mime_arena *arena)
{
    arena->blocks = NULL;
    arena->failed = false;
}

void mime_arena_clear(struct mime_arena *arena)
{
    struct mime_arena_block *block = arena->blocks;

    while (block != NULL) {
        struct mime_arena_block *next = block->next;

        free(block);
        block = next;
    }
    mime_arena_init(arena);
}

static struct mime_arena_block *add_block(struct mime_arena *arena, size_t least)
{
    size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct mime_arena_block *block = malloc(sizeof *block + size);

    if (block == NULL)
        return NULL;
    block->used = 0;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *mime_arena_alloc(struct mime_arena *arena, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    struct mime_arena_block *block = arena->blocks;
    unsigned char *memory;

    if (arena->failed || size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = size == 0 ? unit : (size + unit - 1) / unit * unit;
    if (block == NULL || block->size - block->used < size)
        block = add_block(arena, size);
    if (block == NULL) {
        arena->failed = true;
        return NULL;
    }
    memory = (unsigned char *)block->bytes + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

void *mime_arena_copy(struct mime_arena *arena, const void *bytes, size_t size)
{
    void *copy = mime_arena_alloc(arena, size);

    if (copy != NULL && size != 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *mime_arena_text(struct mime_arena *arena, const char *text, size_t size)
{
    char *copy = mime_arena_alloc(arena, size + 1);

    if (copy != NULL && size != 0)
        memcpy(copy, text, size);
    return copy;
}
