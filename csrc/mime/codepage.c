#include "mime/codepage.h"

#include <stddef.h>
#include <strings.h>

struct codepage {
    ULONG number;
    const char *name; /* the preferred name of a number comes before its other names */
};

/* Numbers are those of the Windows documentation's code page identifiers, names those registered for MIME. */
static const struct codepage codepages[] = {
    {20127, "us-ascii"},     {20127, "ascii"},       {65001, "utf-8"},
    {65001, "utf8"},         {65000, "utf-7"},       {1200, "utf-16le"},
    {1200, "utf-16"},        {1201, "utf-16be"},     {12000, "utf-32le"},
    {12000, "utf-32"},       {12001, "utf-32be"},    {28591, "iso-8859-1"},
    {28591, "latin1"},       {28592, "iso-8859-2"},  {28593, "iso-8859-3"},
    {28594, "iso-8859-4"},   {28595, "iso-8859-5"},  {28596, "iso-8859-6"},
    {28597, "iso-8859-7"},   {28598, "iso-8859-8"},  {38598, "iso-8859-8-i"},
    {28599, "iso-8859-9"},   {28603, "iso-8859-13"}, {28605, "iso-8859-15"},
    {1250, "windows-1250"},  {1251, "windows-1251"}, {1252, "windows-1252"},
    {1253, "windows-1253"},  {1254, "windows-1254"}, {1255, "windows-1255"},
    {1256, "windows-1256"},  {1257, "windows-1257"}, {1258, "windows-1258"},
    {1252, "cp1252"},        {1251, "cp1251"},       {1250, "cp1250"},
    {20866, "koi8-r"},       {21866, "koi8-u"},      {866, "cp866"},
    {866, "ibm866"},         {437, "ibm437"},        {437, "cp437"},
    {850, "ibm850"},         {850, "cp850"},         {852, "ibm852"},
    {932, "shift_jis"},      {932, "shift-jis"},     {932, "sjis"},
    {932, "cp932"},          {932, "windows-31j"},   {50220, "iso-2022-jp"},
    {50220, "csiso2022jp"},  {51932, "euc-jp"},      {50225, "iso-2022-kr"},
    {949, "ks_c_5601-1987"}, {949, "cp949"},         {51949, "euc-kr"},
    {936, "gb2312"},         {936, "gbk"},           {936, "cp936"},
    {54936, "gb18030"},      {52936, "hz-gb-2312"},  {950, "big5"},
    {950, "cp950"},          {874, "windows-874"},   {874, "tis-620"},
    {10000, "macintosh"},
};

struct superset {
    const char *name, *wider;
};

static const struct superset supersets[] = {
    {"us-ascii", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso-8859-9", "windows-1254"},
    {"shift_jis", "cp932"},
    {"shift-jis", "cp932"},
    {"sjis", "cp932"},
    {"iso-2022-jp", "iso-2022-jp-3"},
    {"euc-jp", "euc-jp-ms"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"ks_c_5601-1987", "cp949"},
    {"euc-kr", "cp949"},
    {"big5", "big5-hkscs"},
    {"tis-620", "windows-874"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

ULONG
mime_codepage_from_charset(const char *charset)
{
    for (size_t i = 0; i < COUNT_OF(codepages); i++)
        if (strcasecmp(codepages[i].name, charset) == 0)
            return codepages[i].number;
    return 0;
}

const char *mime_codepage_charset(ULONG codepage)
{
    for (size_t i = 0; i < COUNT_OF(codepages); i++)
        if (codepages[i].number == codepage)
            return codepages[i].name;
    return NULL;
}

const char *mime_codepage_superset(const char *charset)
{
    for (size_t i = 0; i < COUNT_OF(supersets); i++)
        if (strcasecmp(supersets[i].name, charset) == 0)
            return supersets[i].wider;
    return NULL;
}
