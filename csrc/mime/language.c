#include "mime/language.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct language {
    ULONG locale;
    const char *tag;
};

/* The languages' default regions come first, so that a bare language finds them. */
static const struct language languages[] = {
    {0x0401, "ar-SA"}, {0x0402, "bg-BG"}, {0x0403, "ca-ES"}, {0x0804, "zh-CN"}, {0x0404, "zh-TW"}, {0x0C04, "zh-HK"},
    {0x0405, "cs-CZ"}, {0x0406, "da-DK"}, {0x0407, "de-DE"}, {0x0C07, "de-AT"}, {0x0807, "de-CH"}, {0x0408, "el-GR"},
    {0x0409, "en-US"}, {0x0809, "en-GB"}, {0x0C09, "en-AU"}, {0x1009, "en-CA"}, {0x1809, "en-IE"}, {0x1409, "en-NZ"},
    {0x0C0A, "es-ES"}, {0x080A, "es-MX"}, {0x2C0A, "es-AR"}, {0x0425, "et-EE"}, {0x042D, "eu-ES"}, {0x0429, "fa-IR"},
    {0x040B, "fi-FI"}, {0x040C, "fr-FR"}, {0x080C, "fr-BE"}, {0x0C0C, "fr-CA"}, {0x100C, "fr-CH"}, {0x040D, "he-IL"},
    {0x0439, "hi-IN"}, {0x041A, "hr-HR"}, {0x040E, "hu-HU"}, {0x0421, "id-ID"}, {0x040F, "is-IS"}, {0x0410, "it-IT"},
    {0x0411, "ja-JP"}, {0x0412, "ko-KR"}, {0x0427, "lt-LT"}, {0x0426, "lv-LV"}, {0x0414, "nb-NO"}, {0x0413, "nl-NL"},
    {0x0813, "nl-BE"}, {0x0814, "nn-NO"}, {0x0415, "pl-PL"}, {0x0416, "pt-BR"}, {0x0816, "pt-PT"}, {0x0418, "ro-RO"},
    {0x0419, "ru-RU"}, {0x041B, "sk-SK"}, {0x0424, "sl-SI"}, {0x041D, "sv-SE"}, {0x041E, "th-TH"}, {0x041F, "tr-TR"},
    {0x0422, "uk-UA"}, {0x042A, "vi-VN"},
};

ULONG
mime_language_locale(const char *tag)
{
    size_t size = strcspn(tag, ", ;\t"), primary = strcspn(tag, "-, ;\t");
    ULONG best = 0;

    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        const char *known = languages[i].tag;

        if (strlen(known) == size && strncasecmp(known, tag, size) == 0)
            return languages[i].locale;
        if (best == 0 && strcspn(known, "-") == primary && strncasecmp(known, tag, primary) == 0)
            best = languages[i].locale;
    }
    return best;
}

const char *mime_language_tag(ULONG locale)
{
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        if (languages[i].locale == locale)
            return languages[i].tag;
    return NULL;
}
