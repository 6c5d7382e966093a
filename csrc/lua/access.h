/* get, set, props and delete_props of every object that has properties.
 *
 * Values too big for GetProps are read through a stream, and large ones are written through one.
 */
#ifndef LM_ACCESS_H
#define LM_ACCESS_H

#include "value.h"

/* Pushes one property's value; on failure nothing. Both know about big values. */
HRESULT lm_prop_push(lua_State *L, struct lm_object *self, ULONG tag, unsigned flags);

/* The type a property is stored with; PT_UNSPECIFIED where it is absent. Nothing of Lua is allocated. */
HRESULT lm_stored_type(lua_State *L, struct lm_object *self, ULONG tag, ULONG *type);

/* Writes one large string or binary through IMAPIProp::OpenProperty. */
HRESULT lm_prop_write(lua_State *L, struct lm_object *self, ULONG tag, const void *bytes, size_t length);

/* Pushes the whole content of an open stream as a string; the stream's length counts in `unit` bytes (1, or 2: UTF-16
 * that is pushed as UTF-8). The caller keeps the stream. */
HRESULT lm_stream_push(lua_State *L, IStream *stream, unsigned unit);

/* Writes all bytes. Nothing of Lua is called. */
HRESULT lm_stream_write(IStream *stream, const void *bytes, size_t length);

/* Methods, for methods tables: argument 1 is any of this module's objects with an IMAPIProp. */
int lm_get(lua_State *L);          /* get(p [, { exact = bool }]) or get{ p, ... } */
int lm_set(lua_State *L);          /* set(p, v [, { exact = bool }]) or set{ [p] = v, ... } */
int lm_props(lua_State *L);        /* iterator over tag, value */
int lm_delete_props(lua_State *L); /* delete_props(p) or delete_props{ p, ... } */
int lm_entryid(lua_State *L);      /* entryid() */

/* What set{...} does with the table at `index` (absolute), for new_message: true is not pushed. On failure pushes
 * nil, message, name and returns 3; else returns 0. `operation` as in failure.h. */
int lm_set_table(lua_State *L, struct lm_object *self, int index, int arg, const char *operation);

/* The object's type and a method's name: "message:get"; pushed. */
const char *lm_operation(lua_State *L, const struct lm_object *self, const char *method);

#endif
