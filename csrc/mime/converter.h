/*
 * mime/converter.h - IConverterSession over GMime.
 */
#ifndef MIME_CONVERTER_H
#define MIME_CONVERTER_H

#include <mapisub.h>

/*
 * A new converter with one reference. It keeps a copy of `allocators`, the functions of the MAPI that its messages
 * belong to. MAPI_E_INVALID_PARAMETER, MAPI_E_NOT_ENOUGH_MEMORY.
 *
 * One object serves one thread at a time; objects are independent of each other. What its Set... methods set lasts
 * until they are called again.
 */
HRESULT mime_converter_create(const struct mime_allocators *allocators, IConverterSession **converter);

#endif
