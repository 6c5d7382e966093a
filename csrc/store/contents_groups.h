/* store/contents_groups.h - the categories of a contents table from the inside: contents_groups.c finds them,
 * contents_headings.c shows their headings, opens and closes them.
 *
 * Groups lie in the order of the table, each before those inside it, and know their rows as a range of the sorted ids. A
 * group's key is a hash of the values that make it and of those around it, so that the same group has the same key when
 * the list is sorted anew, and in another table.
 */
#ifndef STORE_CONTENTS_GROUPS_H
#define STORE_CONTENTS_GROUPS_H

#include "store/contents.h"

enum { GROUP_KEY_SIZE = 16, CATEGORIES_MAX = 16 };

struct group {
    unsigned char key[GROUP_KEY_SIZE];
    size_t first; /* of the sorted ids */
    size_t count;
    size_t unread;
    size_t parent; /* number of the group around it, counted from 1; 0: none */
    ULONG level;
    bool open;
    sqlite3_value *values[]; /* by category column: of the group's own level; the others are NULL */
};

struct groups {
    int64_t *ids;
    size_t id_count;
    struct group **items;
    size_t count;
    size_t capacity;
    ULONG levels;
    ULONG expanded;                 /* levels that begin open */
    ULONG column_count;             /* category columns */
    ULONG level_of[CATEGORIES_MAX]; /* of each of them */
    size_t last[CATEGORIES_MAX];    /* by level: the group that rows are being added to, counted from 1 */
    size_t rows;                    /* added so far */
};

/* The group with a number, counted from 1. */
struct group *group_at(const struct groups *groups, size_t number);

/* Makes the table's `list` anew of what is open. */
HRESULT groups_show(struct contents *table, const struct groups *groups);

/* The keys, sorted, of the groups that are not as the sort order says; malloc'd. And making it so. */
HRESULT groups_changed(const struct groups *groups, unsigned char **keys, size_t *count);
void groups_apply(struct groups *groups, const unsigned char *keys, size_t count);

/* Two FNV-1a hashes that begin differently. fold: without the case of ASCII letters. */
void group_hash(uint64_t hash[2], const void *bytes, size_t size, bool fold);

#endif
