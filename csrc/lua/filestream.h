/* IStream over an open C file, for mail that is too large to be held in memory.
 *
 * Like the streams of luastream.h: the binding's own, for the calling thread, during one native call. The file stays the
 * script's, and must stay open until the stream is released. */
#ifndef LM_FILESTREAM_H
#define LM_FILESTREAM_H

#include <stdint.h>
#include <stdio.h>

#include <mapidefs.h>

/* The size of what is left to read, or -1 where the file cannot seek, as pipes cannot. */
int64_t lm_file_left(FILE *file);

/* A stream from where the file stands: it reads, or it writes, and then it cannot seek. MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT lm_file_reader_create(FILE *file, IStream **out);
HRESULT lm_file_writer_create(FILE *file, IStream **out);

/* What errno was when the file last failed under the stream; 0: it has not. */
int lm_file_error(IStream *stream);

#endif
