/*
 * mapimailbox.h - files of mail, in and out of folders: mbox files and Maildirs. What the embedded subsystem offers beyond
 * the documented interfaces; it works on any folder and any converter.
 */
#ifndef LUAMAPI_MAPIMAILBOX_H
#define LUAMAPI_MAPIMAILBOX_H

#include "iconvertersession.h"
#include "mapix.h"

MAPI_BEGIN_DECLS

#define MAPI_MAIL_MBOX 0
#define MAPI_MAIL_MAILDIR 1

/*
 * How an mbox file quotes lines that begin with "From ", and whether Content-Length says where a message ends. AUTO: RD, or
 * CL2 where every message has a Content-Length that leads to the next one.
 */
#define MAPI_MBOX_AUTO 0
#define MAPI_MBOX_RD 1  /* ">From ", ">>From ", ... */
#define MAPI_MBOX_O 2   /* ">From " only */
#define MAPI_MBOX_CL 3  /* ">From " only; Content-Length, where it leads to a From_ line */
#define MAPI_MBOX_CL2 4 /* nothing is quoted; Content-Length, likewise */

/* How far it is. `done` of `total` bytes (of messages, for an export) may be ahead of what has been written for good; the
 * counts never are. */
struct mapi_mail_progress {
    ULONGLONG done;
    ULONGLONG total;
    ULONG messages; /* imported or exported */
    ULONG skipped;  /* were there already */
    ULONG failed;   /* could not be converted */
};

/*
 * Called now and then, and after each batch, on the thread of the call with no lock held; it may call MAPI. A failure
 * ends the work and is its result (MAPI_E_USER_CANCEL).
 */
typedef HRESULT (*MAPIMAILPROGRESS)(void *context, const struct mapi_mail_progress *progress);

/* A message that could not be converted, and why. */
struct mapi_mail_failure {
    const char *path;   /* of its file; for an export NULL */
    ULONGLONG offset;   /* where it begins there */
    SBinary entryid;    /* for an export: the message */
    HRESULT hr;
    const char *reason; /* a sentence, UTF-8; NULL: there is none beyond that of hr */
    struct mapi_mail_failure *next;
};

#define MAPI_MAIL_FAILURES 1000 /* as many are listed; all are counted */

/* What was done, also by a call that failed. Free with MAPIFreeBuffer. */
struct mapi_mail_report {
    struct mapi_mail_progress counts;
    struct mapi_mail_failure *failures;
};

struct mapi_mail_import {
    ULONG size; /* of this structure */
    ULONG kind; /* MAPI_MAIL_ */
    const char *path;
    ULONG format;         /* MAPI_MBOX_ */
    BOOL skip_duplicates; /* leaves out what the folder has: see below */
    BOOL strict;          /* the first message that cannot be converted ends the import */
    BOOL recursive;       /* a Maildir's folders (Maildir++), too, to folders below */
    LPMAPIFOLDER folder;
    LPCONVERTERSESSION converter;
    MAPIMAILPROGRESS progress; /* may be NULL */
    void *context;
};

/*
 * Makes a message of each in the file or Maildir. S_OK, MAPI_W_PARTIAL_COMPLETION where some could not be converted, or a
 * failure, which leaves what the report counts. Many are saved in one transaction where the folder has IMapiStoreBatch; others
 * can write in between.
 *
 * PR_SEARCH_KEY of what is imported is the BLAKE2b digest (16 bytes) of the message without what the mailbox has added or
 * may change. With skip_duplicates, the n-th occurrence of a message in the source is left out if the folder had n or more
 * of it when the import began. So a source that was imported in part is completed, and one that holds a message twice
 * gives two.
 *
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_DISK_ERROR: the file; MAPI_E_CORRUPT_DATA: it is no mbox file;
 * MAPI_E_OBJECT_CHANGED: it became shorter meanwhile; MAPI_E_TIMEOUT: others hold its lock, or keep writing to the store;
 * MAPI_E_NO_SUPPORT: skip_duplicates, with a store that lets nobody set PR_SEARCH_KEY.
 */
HRESULT MapiImportMail(const struct mapi_mail_import *import, struct mapi_mail_report **report);

struct mapi_mail_export {
    ULONG size; /* of this structure */
    ULONG kind; /* MAPI_MAIL_ */
    const char *path;
    BOOL append;    /* mbox: adds to the file, if there is one */
    BOOL overwrite; /* mbox: replaces the file, if there is one */
    BOOL recursive; /* Maildir: the folders below, too (Maildir++) */
    BOOL strict;    /* the first message that cannot be converted ends the export */
    BOOL without_bcc;
    LPMAPIFOLDER folder;
    LPCONVERTERSESSION converter;
    MAPIMAILPROGRESS progress; /* may be NULL */
    void *context;
};

/*
 * Writes the messages of a folder, oldest first, with LF at the ends of lines. Messages that come while it works are left
 * out, those that go are passed over.
 *
 * An mbox file is quoted as mboxrd has it, and says Status and X-Status. It comes into being, or grows, as a whole: what the
 * report counts of a call that failed is nothing. Without `append` and `overwrite` a file that is there is
 * MAPI_E_COLLISION. Messages are added to a Maildir one by one, which is made if there is none; a call that failed leaves
 * what the report counts.
 *
 * Results otherwise as for MapiImportMail, MAPI_E_NOT_ENOUGH_DISK among them.
 */
HRESULT MapiExportMail(const struct mapi_mail_export *what, struct mapi_mail_report **report);

MAPI_END_DECLS

#endif
