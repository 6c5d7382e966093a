#include "mailbox/from_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The words of a line, one after the other. */
struct words {
    const unsigned char *at, *end;
    const unsigned char *word; /* the one at hand; size 0: there is none */
    size_t size;
};

static void next_word(struct words *words)
{
    while (words->at < words->end && (*words->at == ' ' || *words->at == '\t'))
        words->at++;
    words->word = words->at;
    while (words->at < words->end && *words->at != ' ' && *words->at != '\t')
        words->at++;
    words->size = (size_t)(words->at - words->word);
}

static int index_of(const struct words *words, const char *const *names, int count, bool comma)
{
    size_t size = words->size;

    if (comma && size == 4 && words->word[3] == ',')
        size = 3;
    for (int i = 0; size == 3 && i < count; i++)
        if (strncasecmp((const char *)words->word, names[i], 3) == 0)
            return i;
    return -1;
}

/* The number a word consists of, of at most `digits` digits; -1: it is none. */
static int number_of(const unsigned char *word, size_t size, size_t digits)
{
    int number = 0;

    if (size == 0 || size > digits)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (word[i] < '0' || word[i] > '9')
            return -1;
        number = number * 10 + (word[i] - '0');
    }
    return number;
}

/* "hh:mm" or "hh:mm:ss" */
static bool read_time(const struct words *words, struct tm *tm)
{
    const unsigned char *word = words->word;

    if ((words->size != 5 && words->size != 8) || word[2] != ':' || (words->size == 8 && word[5] != ':'))
        return false;
    tm->tm_hour = number_of(word, 2, 2);
    tm->tm_min = number_of(word + 3, 2, 2);
    tm->tm_sec = words->size == 8 ? number_of(word + 6, 2, 2) : 0;
    return tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 && tm->tm_sec >= 0 &&
           tm->tm_sec <= 60;
}

static bool read_day(const struct words *words, struct tm *tm)
{
    tm->tm_mday = number_of(words->word, words->size, 2);
    return tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

static bool read_year(const struct words *words, struct tm *tm)
{
    int year = number_of(words->word, words->size, 4);

    if (words->size != 4 && words->size != 2)
        return false;
    if (words->size == 2 && year >= 0)
        year += year < 70 ? 2000 : 1900;
    tm->tm_year = year - 1900;
    return year >= 1900;
}

/* "+0200": seconds east of UTC. */
static bool read_zone(const struct words *words, int *zone)
{
    int number = words->size == 5 ? number_of(words->word + 1, 4, 4) : -1;

    if (number < 0 || (words->word[0] != '+' && words->word[0] != '-'))
        return false;
    *zone = (number / 100 * 60 + number % 100) * 60 * (words->word[0] == '-' ? -1 : 1);
    return true;
}

/* "Thu Jan  1 00:00:00 1970", and zones by number or name before or behind the year. The weekday has been read. */
static bool read_asctime(struct words words, struct tm *tm, int *zone)
{
    tm->tm_mon = index_of(&words, months, 12, false);
    if (tm->tm_mon < 0)
        return false;
    next_word(&words);
    if (!read_day(&words, tm))
        return false;
    next_word(&words);
    if (!read_time(&words, tm))
        return false;
    next_word(&words);
    for (int names = 0; names < 2 && !read_year(&words, tm); names++) { /* "CET", "MET DST", "+0100" */
        if (words.size == 0 || (!read_zone(&words, zone) && number_of(words.word, words.size, 9) >= 0))
            return false;
        next_word(&words);
    }
    if (!read_year(&words, tm))
        return false;
    next_word(&words);
    read_zone(&words, zone);
    return true;
}

/* "Thu, 1 Jan 1970 00:00:00 +0000" */
static bool read_header_date(struct words words, struct tm *tm, int *zone)
{
    if (!read_day(&words, tm))
        return false;
    next_word(&words);
    tm->tm_mon = index_of(&words, months, 12, false);
    if (tm->tm_mon < 0)
        return false;
    next_word(&words);
    if (!read_year(&words, tm))
        return false;
    next_word(&words);
    if (!read_time(&words, tm))
        return false;
    next_word(&words);
    read_zone(&words, zone);
    return true;
}

bool from_line_dated(const unsigned char *line, size_t size, int64_t *date)
{
    struct words words = {line + 5, line + size, NULL, 0};

    *date = 0;
    if (size <= 5 || size > FROM_LINE_LENGTH || memcmp(line, "From ", 5) != 0)
        return false;
    /* The sender may be missing, or have blanks in it. */
    for (next_word(&words); words.size > 0; next_word(&words)) {
        struct words rest = words;
        struct tm tm = {0};
        int zone = 0;

        if (index_of(&words, days, 7, true) < 0)
            continue;
        next_word(&rest);
        if (read_asctime(rest, &tm, &zone) || read_header_date(rest, &tm, &zone)) {
            *date = (int64_t)timegm(&tm) - zone;
            return true;
        }
    }
    return false;
}

size_t from_line_write(char *line, size_t size, const char *sender, int64_t date)
{
    time_t seconds = (time_t)date;
    char name[400];
    size_t length = 0;
    struct tm tm;

    if (sender == NULL || *sender == '\0')
        sender = "MAILER-DAEMON";
    for (; *sender != '\0' && length < sizeof name - 1; sender++)
        name[length++] = (unsigned char)*sender <= ' ' || (unsigned char)*sender >= 0x7F ? '-' : *sender;
    name[length] = '\0';
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900 || tm.tm_year < 0) {
        seconds = 0;
        gmtime_r(&seconds, &tm);
    }
    snprintf(line, size, "From %s %s %s %2d %02d:%02d:%02d %04d\n", name, days[tm.tm_wday], months[tm.tm_mon],
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
    return strlen(line);
}
