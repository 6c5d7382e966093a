/* Property values between Lua and MAPI, as API.md's "Values" says. */
#ifndef LM_VALUE_H
#define LM_VALUE_H

#include "prop.h"

enum { LM_VALUE_EXACT = 1 }; /* PT_SYSTIME as FILETIME ticks instead of Unix seconds */

/* Pushes a value; nil for PT_ERROR, PT_NULL and PT_OBJECT, which have none. */
void lm_value_push(lua_State *L, const SPropValue *value, unsigned flags);

/* Pushes NUL-terminated UTF-16 as UTF-8 with a short way for short ASCII. */
void lm_value_push_text(lua_State *L, const WCHAR *text);

/* Fills `out` from the Lua value at a stack index, as the type of `tag` wants it. Raises on a value that does not
 * fit; `what` names the property in the message and `arg` is blamed. Memory is kept by the table at `anchor` and, for
 * 8-bit and binary strings, by the Lua value itself. PT_UNSPECIFIED: the type that fits the Lua value. */
void lm_value_read(lua_State *L, int index, ULONG tag, unsigned flags, int arg, const char *what, int anchor,
                   SPropValue *out);

/* The property type that fits a Lua value: PT_BOOLEAN, PT_LONG or PT_I8, PT_DOUBLE, PT_UNICODE, PT_MV_...;
 * PT_UNSPECIFIED where none does. */
ULONG lm_value_type(lua_State *L, int index);

/* Bytes of a single-valued string or binary value; 0 for others. */
size_t lm_value_bytes(const SPropValue *value);

/* "{00020329-0000-0000-C000-000000000046}". Reading: false where the text is something else. */
enum { LM_GUID_TEXT = 38 };
void lm_guid_format(const GUID *guid, char text[LM_GUID_TEXT + 1]);
bool lm_guid_parse(const char *text, size_t length, GUID *guid);

/* Unix seconds, rounded down, and FILETIME ticks: from 1601 to what ticks below 2^63 can say, in the year 30828. */
#define LM_TIME_LEAST INT64_C(-11644473600)
#define LM_TIME_MOST  INT64_C(910692730085)
lua_Integer lm_time_from_ticks(FILETIME time);
bool lm_time_to_ticks(lua_Integer seconds, FILETIME *time); /* false: before 1601 or beyond what FILETIME holds */

#endif
