/* base/buffer.c - see base/buffer.h.
 *
 * Every block that is handed out is preceded by 8 bytes that tell a head from a child, so that MAPIAllocateMore and
 * MAPIFreeBuffer can refuse a child without guessing. A head's children are chained on a list that only grows, by
 * compare and swap; the room reserved behind a head's data is given away by moving an offset, likewise. Neither
 * needs a lock.
 */
#include "base/buffer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef MAPI_DEBUG_BUFFERS
#include <pthread.h>
#endif

#include "base/failure.h"

#define HEAD_MARK  0x4D41504948454144u
#define CHILD_MARK 0x4D4150494D4F5245u
#define FREED_MARK 0x4D41504946524545u

enum { ALIGNMENT = 16, ROOM_STEP = 8 };

/* A child with a block of its own. `mark` is directly in front of the data. */
struct child {
    struct child *next;
    uint64_t mark;
};

struct head {
    _Atomic(struct child *) children;
    atomic_size_t room_used; /* offset from the head to the first byte of room not given away */
    size_t room_end;         /* offset from the head to the end of the block */
    uint64_t mark;
};

_Static_assert(sizeof(struct head) % ALIGNMENT == 0, "data behind a head must be aligned");
_Static_assert(sizeof(struct child) % ALIGNMENT == 0, "data behind a child must be aligned");
_Static_assert(offsetof(struct head, mark) == sizeof(struct head) - 8, "the mark must be in front of the data");
_Static_assert(offsetof(struct child, mark) == sizeof(struct child) - 8, "the mark must be in front of the data");

static atomic_uint live_heads;

static uint64_t mark_of(const void *data)
{
    return ((const uint64_t *)data)[-1];
}

#ifdef MAPI_DEBUG_BUFFERS

/* Every live head, in a table of chains under a lock. */
struct known {
    struct known *next;
    const void *data;
};

static struct known *known_heads[1024];
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
FORK_KEEPS_WHOLE(known_lock);

static struct known **known_chain(const void *data)
{
    return &known_heads[((uintptr_t)data / ALIGNMENT) % (sizeof known_heads / sizeof known_heads[0])];
}

static bool debug_register(const void *data)
{
    struct known *entry = malloc(sizeof *entry);
    if (entry == NULL)
        return false;
    entry->data = data;
    pthread_mutex_lock(&known_lock);
    struct known **chain = known_chain(data);
    entry->next = *chain;
    *chain = entry;
    pthread_mutex_unlock(&known_lock);
    return true;
}

/* The link that leads to the entry of data, or the one at the chain's end; under the lock. */
static struct known **find_known(const void *data)
{
    struct known **link = known_chain(data);
    while (*link != NULL && (*link)->data != data)
        link = &(*link)->next;
    return link;
}

static bool debug_is_known(const void *data)
{
    pthread_mutex_lock(&known_lock);
    bool found = *find_known(data) != NULL;
    pthread_mutex_unlock(&known_lock);
    return found;
}

static bool debug_forget(const void *data)
{
    pthread_mutex_lock(&known_lock);
    struct known **link = find_known(data);
    struct known *entry = *link;
    if (entry != NULL)
        *link = entry->next;
    pthread_mutex_unlock(&known_lock);
    free(entry);
    return entry != NULL;
}

#else

static bool debug_register(const void *data)
{
    (void)data;
    return true;
}

static bool debug_is_known(const void *data)
{
    (void)data;
    return true;
}

static bool debug_forget(const void *data)
{
    (void)data;
    return true;
}

#endif

SCODE buffer_allocate_with_room(ULONG size, ULONG room, void **out)
{
    if (out == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "MAPIAllocateBuffer needs a place for its result.");
    *out = NULL;
    size_t room_start = sizeof(struct head) + (((size_t)size + ROOM_STEP - 1) & ~(size_t)(ROOM_STEP - 1));
    size_t total = room_start + room;
    if (room_start < size || total < room_start) /* 32-bit machines only */
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for %lu bytes.", (unsigned long)size);
    struct head *head = malloc(total);
    if (head == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for %lu bytes.", (unsigned long)size);
    atomic_init(&head->children, NULL);
    atomic_init(&head->room_used, room_start);
    head->room_end = total;
    head->mark = HEAD_MARK;
    if (!debug_register(head + 1)) {
        free(head);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    atomic_fetch_add_explicit(&live_heads, 1, memory_order_relaxed);
    *out = head + 1;
    return S_OK;
}

SCODE STDMETHODCALLTYPE MAPIAllocateBuffer(ULONG cbSize, LPVOID *lppBuffer)
{
    return buffer_allocate_with_room(cbSize, 0, lppBuffer);
}

/* A child out of the head's own room, or NULL when it does not fit. */
static void *allocate_in_room(struct head *head, size_t size)
{
    size_t needed = sizeof(uint64_t) + ((size + ROOM_STEP - 1) & ~(size_t)(ROOM_STEP - 1));
    size_t used = atomic_load_explicit(&head->room_used, memory_order_relaxed);
    do {
        if (needed < size || head->room_end - used < needed)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&head->room_used, &used, used + needed, memory_order_relaxed,
                                                    memory_order_relaxed));
    uint64_t *mark = (uint64_t *)(void *)((char *)head + used);
    *mark = CHILD_MARK;
    return mark + 1;
}

static void *allocate_child(struct head *head, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct child))
        return NULL;
    struct child *child = malloc(sizeof *child + size);
    if (child == NULL)
        return NULL;
    child->mark = CHILD_MARK;
    child->next = atomic_load_explicit(&head->children, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&head->children, &child->next, child, memory_order_release,
                                                  memory_order_relaxed))
        continue;
    return child + 1;
}

SCODE STDMETHODCALLTYPE MAPIAllocateMore(ULONG cbSize, LPVOID lpObject, LPVOID *lppBuffer)
{
    if (lppBuffer == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "MAPIAllocateMore needs a place for its result.");
    *lppBuffer = NULL;
    if (lpObject == NULL || !debug_is_known(lpObject) || mark_of(lpObject) != HEAD_MARK)
        return fail(MAPI_E_INVALID_PARAMETER, "MAPIAllocateMore needs a block that came from MAPIAllocateBuffer.");
    struct head *head = (struct head *)lpObject - 1;
    void *data = allocate_in_room(head, cbSize);
    if (data == NULL)
        data = allocate_child(head, cbSize);
    if (data == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for %lu bytes.", (unsigned long)cbSize);
    *lppBuffer = data;
    return S_OK;
}

ULONG STDAPICALLTYPE MAPIFreeBuffer(LPVOID lpBuffer)
{
    if (lpBuffer == NULL)
        return (ULONG)S_OK;
    if (!debug_forget(lpBuffer) || mark_of(lpBuffer) != HEAD_MARK)
        return (ULONG)fail(MAPI_E_INVALID_PARAMETER,
                           "MAPIFreeBuffer was given a block that did not come from MAPIAllocateBuffer, or twice.");
    struct head *head = (struct head *)lpBuffer - 1;
    struct child *child = atomic_load_explicit(&head->children, memory_order_acquire);
    while (child != NULL) {
        struct child *next = child->next;
        child->mark = FREED_MARK;
        free(child);
        child = next;
    }
    head->mark = FREED_MARK;
    free(head);
    atomic_fetch_sub_explicit(&live_heads, 1, memory_order_relaxed);
    return (ULONG)S_OK;
}

ULONG buffer_live(void)
{
    return atomic_load_explicit(&live_heads, memory_order_relaxed);
}
