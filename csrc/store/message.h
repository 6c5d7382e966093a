/* store/message.h - IMessage and IAttach: the open objects. What they hold is in body.h, how it is saved in
 * message_save.c. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/body.h"
#include "store/host.h"

struct attach;

struct message {
    struct host host; /* place.row 0: never saved */
    struct body body;
    int64_t folder;       /* 0: embedded; else where it was last seen */
    struct attach *owner; /* of an embedded message; counted */
    int64_t version;      /* of the row as it was loaded */
    uint64_t seen;        /* changes_count when it was loaded or saved */
    uint64_t edits;       /* how often something was changed, or saved; stamps what is */
    bool associated;
    bool exclusive; /* opened with MAPI_MODIFY: in store->open_messages */
    bool changed;   /* counted in store->unsaved */
    bool submitted; /* only Release is left (imessage-submitmessage.md) */
    struct message *next_open;
    struct message **link_open;
};

struct attach {
    struct host host;              /* place.row 0: its large values are in memory */
    struct message *owner;         /* counted */
    ULONG number;                  /* PR_ATTACH_NUM */
    struct message_node *embedded; /* saved into this object, or loaded with it; counted */
    bool embedded_dropped;
    bool changed; /* counted in store->unsaved */
};

/* How an object is to be opened: what MAPI_MODIFY and MAPI_BEST_ACCESS ask for. */
struct access {
    bool writable;
    bool exclusive; /* MAPI_MODIFY said so */
};

/* MAPI_E_NO_ACCESS for MAPI_MODIFY in a store opened for reading. */
HRESULT access_from_flags(struct store *store, ULONG flags, struct access *out);

/* MAPI_E_INTERFACE_NOT_SUPPORTED unless iid is NULL or among the interfaces (IID_IUnknown always is). */
HRESULT check_interface(LPCIID iid, const GUID *const *iids);
extern const GUID *const message_iids[];
extern const GUID *const attach_iids[];
extern const IMessageVtbl message_vtbl;
extern const IAttachVtbl attach_vtbl;

/* Each gives one reference, and NULL on failure. */
HRESULT message_create(struct store *store, int64_t folder, bool associated, struct attach *owner,
                       struct message **out);
HRESULT message_open(struct store *store, int64_t row, struct attach *owner, struct access access,
                     struct message **out);
HRESULT message_open_node(struct store *store, struct message_node *node, struct attach *owner, bool writable,
                          struct message **out);

HRESULT attach_create(struct message *owner, struct attach **out);
HRESULT attach_open(struct message *owner, ULONG number, bool writable, struct attach **out);

/* Whether somebody has the message open with MAPI_MODIFY through this logon. */
bool message_is_held(struct store *store, int64_t row);

/* Marks as changed, or as saved; keep store->unsaved. */
void message_touch(struct message *message);
void message_untouch(struct message *message);

/* The prop_source of messages (message_props.c). */
HRESULT message_get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out);
HRESULT message_list(void *self, struct prop_tag_list *out);
HRESULT message_set(void *self, const SPropValue *value);
HRESULT message_remove(void *self, ULONG tag);
bool message_is_computed(ULONG tag);

/* Reads the flags and the status of a saved message anew where something has changed in the store. */
void message_refresh_flags(struct message *message);

/* Inside the transaction of a save that overwrites somebody else's (force_save.c): MAPI_E_OBJECT_CHANGED where that is not
 * possible. */
HRESULT message_force(struct message *message);

/* IMAPIProp::SaveChanges with its flags checked; the same for a message that goes into the outgoing queue with that
 * (message_save.c). */
HRESULT message_save(struct message *message, ULONG flags);
HRESULT message_save_submitted(struct message *message, ULONG submit_flags);

/* The message behind an interface pointer, if it was opened through this logon; else NULL. */
struct message *message_of_store(struct store *store, LPMESSAGE message);

/* The folder of a message; MAPI_E_NOT_FOUND. */
HRESULT message_folder(struct store *store, int64_t row, int64_t *folder);

/* The same for attachments; only the first is needed elsewhere. */
void attach_touch(struct attach *attach);

/* PR_ATTACH_NUM, PR_ATTACH_SIZE and the keys made of the number; MAPI_E_NOT_FOUND for others. */
HRESULT attachment_computed(ULONG tag, ULONG number, uint64_t size, void *head, SPropValue *out);

/* IMessage::ModifyRecipients and the table (recipients.c). */
HRESULT recipients_modify(struct message *message, ULONG flags, const ADRLIST *list);
HRESULT recipients_table(struct message *message, ULONG flags, LPMAPITABLE *out);
HRESULT recipients_display(struct message *message);

/* Takes a saved attachment into its message; the node's reference becomes the message's. */
HRESULT message_take_attachment(struct message *message, ULONG number, struct attachment_node *node);

/* The attachment table (attachments.c). */
HRESULT attachments_table(struct message *message, ULONG flags, LPMAPITABLE *out);

/* CopyTo's share: recipients and attachments of one message into another's interface; an embedded message into an
 * attachment. */
HRESULT message_copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags);
HRESULT attach_copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags);

/* Checks a computed value's type against the tag asked for: MAPI_E_NOT_FOUND when it is another. */
HRESULT value_checked(HRESULT hr, ULONG tag, const SPropValue *value);

#endif
