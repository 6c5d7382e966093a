/* mapi.folder: its methods are in several files (folder.c, rows.c, table.c, search.c, import.c, mailbox.c). */
#ifndef LM_FOLDER_H
#define LM_FOLDER_H

#include "mail.h"

int lm_folder_rows(lua_State *L);            /* rows.c */
int lm_folder_messages(lua_State *L);        /* rows.c */
int lm_folder_folders(lua_State *L);         /* rows.c */
int lm_folder_table(lua_State *L);           /* table.c */
int lm_folder_hierarchy_table(lua_State *L); /* table.c */
int lm_folder_copy(lua_State *L);            /* folder_copy.c */
int lm_folder_move(lua_State *L);            /* folder_copy.c */
int lm_folder_empty(lua_State *L);           /* folder_copy.c */
int lm_folder_import(lua_State *L);          /* import.c */

int lm_folder_set_search_criteria(lua_State *L); /* search.c */
int lm_folder_get_search_criteria(lua_State *L); /* search.c */

int lm_folder_import_mbox(lua_State *L);    /* mailbox.c */
int lm_folder_import_maildir(lua_State *L); /* mailbox.c */
int lm_folder_export_mbox(lua_State *L);    /* mailbox.c */
int lm_folder_export_maildir(lua_State *L); /* mailbox.c */

/* Pushes a new message of the folder (argument 1) that is not saved yet; `flags`: 0 or MAPI_ASSOCIATED. On failure pushes
 * nothing. */
HRESULT lm_folder_create_message(lua_State *L, struct lm_object *self, ULONG flags, struct lm_object **message);

#endif
