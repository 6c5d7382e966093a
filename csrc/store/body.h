/* store/body.h - what a message has beside properties: recipients and attachments, in memory.
 *
 * An open message has a working copy (struct body in struct message). Saving an attachment, or an embedded message,
 * does not touch the database: it publishes an immutable snapshot (a node) to the object it belongs to, and the
 * SaveChanges of the outermost message writes the whole tree of nodes in one transaction. Nodes are counted and
 * shared, never copied, so saving level by level costs no more than the parts saved. What was loaded from the
 * database and not changed has no node: its slot names the row.
 */
#ifndef STORE_BODY_H
#define STORE_BODY_H

#include "store/holder.h"

struct recipient {
    ULONG row;       /* PR_ROWID */
    uint64_t edited; /* stamp of its last change while the message is open */
    struct prop_bag props;
};

struct recipient_list {
    struct recipient *items; /* by row */
    size_t count;
    size_t capacity;
    ULONG next_row;
    bool loaded; /* else the database's are in force */
    bool changed;
};

struct slot {
    ULONG number;                 /* PR_ATTACH_NUM */
    int64_t row;                  /* in the attachment table, or 0 */
    struct attachment_node *node; /* counted; NULL: as in the database */
    uint64_t edited;              /* stamp of its last change while the message is open */
    bool removed;
};

struct slot_list {
    struct slot *items; /* by number */
    size_t count;
    size_t capacity;
    ULONG next_number;
    bool loaded;
    bool changed;
};

struct body {
    struct recipient_list recipients;
    struct slot_list slots;
};

/* A saved state of an attachment. */
struct attachment_node {
    atomic_uint refs;
    struct holder props;
    int64_t row;                   /* where its chunks are, or 0 */
    struct message_node *embedded; /* counted; NULL: none, or as in the database */
    bool embedded_dropped;
    uint64_t size;
    struct attachment_node *next; /* while being freed */
};

/* A saved state of an embedded message. */
struct message_node {
    atomic_uint refs;
    struct holder props;
    struct body body;
    int64_t row; /* in the message table, or 0 */
    uint64_t size;
};

/* Everything is loaded and empty: a new message. */
void body_init_new(struct body *body);
void body_clear(struct body *body);

/* Replaces `to`; nodes are shared. `to` is unchanged on failure. */
HRESULT body_copy(struct body *to, const struct body *from);

/* Brings the lists into memory; `row` is the message's. */
HRESULT body_load_recipients(struct body *body, struct store *store, int64_t row);
HRESULT body_load_slots(struct body *body, struct store *store, int64_t row);

/* The slot with the number that is not removed, or NULL. */
struct slot *body_slot(struct body *body, ULONG number);

/* A new slot with the next number, whose node is the caller's to set. */
HRESULT body_add_slot(struct body *body, struct slot **out);

/* The recipient with the row, or NULL. */
struct recipient *body_recipient(struct body *body, ULONG row);

/* Room for one more recipient, zeroed, not counted yet: body->recipients.items[count]. */
HRESULT body_reserve_recipient(struct body *body);
void recipient_clear(struct recipient *recipient);

struct attachment_node *attachment_node_ref(struct attachment_node *node);
struct message_node *message_node_ref(struct message_node *node);

/* NULL is allowed. A tree a thousand levels deep is freed without recursion. */
void attachment_node_unref(struct attachment_node *node);
void message_node_unref(struct message_node *node);

/* Bytes of recipients and attachments that are in memory. */
uint64_t body_size(const struct body *body);

#endif
