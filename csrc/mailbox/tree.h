/* mailbox/tree.h - the folders in a Maildir: Maildir++ has "A/B" in the directory ".A.B" beside "cur" and "new". */
#ifndef MAILBOX_TREE_H
#define MAILBOX_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

struct maildir_tree {
    char **names; /* of the directories, by name; the first is "": the Maildir itself */
    size_t count, capacity;
};

/* With `recursive`, all; else only the Maildir itself. In any case clear it. */
HRESULT maildir_tree_read(struct maildir_tree *tree, const char *path, bool recursive);
void maildir_tree_clear(struct maildir_tree *tree);

/* Opens the folder that such a name stands for, below `folder`, and makes those that are missing. */
HRESULT maildir_tree_folder(IMAPIFolder *folder, const char *name, IMAPIFolder **out);

/* Called with a folder and the name it has in a Maildir++. */
typedef HRESULT (*tree_visit)(void *context, IMAPIFolder *folder, const char *name);

/* Visits a folder, whose name is "", and with `recursive` all those below it. Ends at the first failure. */
HRESULT tree_walk(IMAPIFolder *folder, bool recursive, tree_visit visit, void *context);

/* "path/name", or "path" where the name is ""; NULL without memory. */
char *maildir_tree_path(const char *path, const char *name);

#endif
