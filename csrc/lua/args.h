/* Arguments: strings, option tables, and boxes for native memory.
 *
 * Misuse raises: wrong types, unknown option names, an embedded NUL or invalid UTF-8 in a text. Everything a function
 * is given is checked before it changes anything.
 */
#ifndef LM_ARGS_H
#define LM_ARGS_H

#include <lua.h>

#include <stdbool.h>
#include <stddef.h>

#include <mapix.h>

/* --- text -------------------------------------------------------------------------------------------------------- */

/* A string argument that is valid UTF-8 and has no NUL in it. Numbers are not taken for strings. */
const char *lm_check_text(lua_State *L, int arg, size_t *length);
/* The same as NUL-terminated UTF-16, in a userdata that is pushed and lives as long as it stays on the stack.
 * `units`: its length without the NUL; may be NULL. */
WCHAR *lm_check_wide(lua_State *L, int arg, size_t *units);
/* For values inside tables and options: `what` names it in the error ("option 'profile'"); arg is the argument to
 * blame, 0: none. */
const char *lm_check_text_at(lua_State *L, int index, int arg, const char *what, size_t *length);
WCHAR *lm_check_wide_at(lua_State *L, int index, int arg, const char *what, size_t *units);
/* A binary string (entry ids, GUIDs): any bytes. */
const char *lm_check_binary(lua_State *L, int arg, size_t *length);

/* Pushes UTF-16 as UTF-8; lone surrogates become U+FFFD; NULL becomes "". */
void lm_push_wide(lua_State *L, const WCHAR *text);
void lm_push_wide_n(lua_State *L, const WCHAR *text, size_t units);
/* Copies NUL-terminated UTF-16 as UTF-8 into a buffer of `size` bytes, cut at a character. Calls no Lua. */
void lm_narrow(const WCHAR *text, char *buffer, size_t size);

/* The number of elements of the array at a stack index (absolute). A table that has other keys only was meant as
 * something else, and must not pass for an empty list: raises, `wanted` says what is expected. */
lua_Unsigned lm_check_array(lua_State *L, int index, int arg, const char *wanted);

/* --- option tables ----------------------------------------------------------------------------------------------- */

enum lm_option_kind {
    LM_BOOLEAN,  /* true or false */
    LM_INTEGER,  /* an integer, or a float with an integral value */
    LM_TEXT,     /* a string; check it further with lm_check_text_at when used */
    LM_BYTES,    /* a string of any bytes */
    LM_FUNCTION, /* something callable */
    LM_TABLE,
    LM_ANY /* the function looks for itself */
};

struct lm_option {
    const char *name; /* NULL ends the list */
    enum lm_option_kind kind;
};

/* Reads the option table at `arg` (nil or none: no options). Raises on anything else, on unknown names and on wrong
 * types. Pushes one value per listed option, nil where it is absent, and returns the index of the first: value i is at
 * result + i. The values on the stack keep strings alive, whatever happens to the table. */
int lm_options(lua_State *L, int arg, const struct lm_option *list);

/* Values of options read by lm_options. */
bool lm_option_flag(lua_State *L, int index, bool fallback);
lua_Integer lm_option_integer(lua_State *L, int index, lua_Integer fallback);

/* --- boxes ------------------------------------------------------------------------------------------------------- */

/* Native memory that must be freed whether the function returns or raises. Pushes a to-be-closed box and answers the
 * address of the pointer in it, NULL at first. The box is closed when the function returns or raises. The stack above
 * the box may be used and returned from as usual; take the pointer back by setting it to NULL. */
void **lm_box_buffer(lua_State *L);  /* MAPIFreeBuffer */
void **lm_box_unknown(lua_State *L); /* Release */
void **lm_box_rows(lua_State *L);    /* FreeProws: SRowSet * */

/* Makes the boxes' metatables; at luaopen. */
void lm_boxes_open(lua_State *L);

#endif
