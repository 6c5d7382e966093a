/* mapi.message and mapi.attachment: methods that are in files of their own. */
#ifndef LM_MESSAGE_H
#define LM_MESSAGE_H

#include "mail.h"

int lm_message_recipients(lua_State *L);     /* recipient.c */
int lm_message_set_recipients(lua_State *L); /* recipient.c */
int lm_message_attachments(lua_State *L);    /* attachment.c */
int lm_message_attach(lua_State *L);         /* attachment.c */
int lm_message_export(lua_State *L);         /* export.c */
int lm_message_text(lua_State *L);           /* body.c */
int lm_message_html(lua_State *L);           /* body.c */

/* message:stream and attachment:stream (stream.c): pushes a stream over a property of the object at argument 1.
 * `mode` is the argument that holds the mode, perhaps none. */
int lm_open_stream(lua_State *L, struct lm_object *self, ULONG tag, int mode, const char *operation);

/* The bytes of an open Lua file at an argument; raises for a closed file. NULL: it is no file. */
void *lm_test_file(lua_State *L, int index);

/* Loads the converter (mapi.mime) and pushes it. On failure pushes more, the last three of which are nil, message, name,
 * and answers NULL. */
struct mime_module;
const struct mime_module *lm_mime_push(lua_State *L, const char *operation);

/* Loads the converter (mapi.mime) and makes one, into a box that is pushed. On failure pushes nil, message, name and
 * answers false. */
struct IConverterSession;
bool lm_converter_push(lua_State *L, const char *operation, struct IConverterSession **out);

#endif
