#!/usr/bin/env python3
"""What a round trip through the store has changed in messages, as Python's email sees it.

    mail_roundtrip.py BEFORE AFTER [NAME...]

Compares the files of the same name in two directories, all or those named. Prints a line for each difference, the fields
separated by tabs: the name, "defective" or "well formed" (no defect in any part or header of the first, to Python's
email with its default policy), what differs, how it was, how it is. Prints "N compared" at the end.

Compared are: the mailboxes of From, Sender, Reply-To, To, Cc and Bcc, names and addresses; Subject; Date; Message-ID,
In-Reply-To and References, blanks collapsed; the tree of content types; of each text that is no attachment the text, line
ends as LF; every further field of a message by its name, blanks collapsed, but for those that MAPI keeps the meaning of
and not the words (FREE below); of every other part the bytes, the name and the type; of embedded messages all of that. Line ends are compared
as LF in text and message/... parts whose transfer encoding is not base64: they are those of the file, not of the part.
"""
import email
import email.policy
import email.utils
import hashlib
import os
import sys
import warnings

warnings.simplefilter("ignore")

ADDRESSES = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc")
IDS = ("Message-ID", "In-Reply-To", "References")

# Fields whose words are not kept: what they mean is a number or a date, or they describe the way the parts are written.
FREE = {"content-type", "content-transfer-encoding", "content-disposition", "content-language", "mime-version",
        "importance", "priority", "x-priority", "x-msmail-priority", "sensitivity", "thread-index", "expires",
        "expiry-date", "reply-by", "x-auto-response-suppress", "x-ms-has-attach"}


def parse(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def defects_of(message):
    """Defects of every part and header, by name."""
    found = []
    for part in message.walk():
        found += [type(defect).__name__ for defect in part.defects]
        for name in part.keys():
            try:
                found += [type(defect).__name__ for value in part.get_all(name) for defect in value.defects]
            except Exception as failure:  # Python's own parser fails on some fields
                found.append(type(failure).__name__)
        if not part.is_multipart():
            try:
                part.get_payload(decode=True)
                found += [type(defect).__name__ for defect in part.defects]
            except Exception as failure:
                found.append(type(failure).__name__)
            if part.get_content_maintype() == "text":
                try:
                    (part.get_payload(decode=True) or b"").decode(part.get_content_charset() or "us-ascii")
                except (LookupError, UnicodeError) as failure:
                    found.append(type(failure).__name__)
    return found


def header(message, name):
    try:
        return message.get(name)
    except Exception:
        return None


def mailboxes(message, name):
    try:
        return [(address.display_name, address.addr_spec)
                for value in message.get_all(name) or [] for address in value.addresses]
    except Exception as failure:
        return "unreadable to Python: " + type(failure).__name__


def date_of(message):
    value = header(message, "Date")
    moment = getattr(value, "datetime", None)
    return None if moment is None else "%s %s" % (moment.isoformat(), moment.tzinfo is not None)


def text_of(part):
    try:
        text = part.get_content()
    except Exception:
        text = (part.get_payload(decode=True) or b"").decode("latin-1")
    return text.replace("\r\n", "\n")


def digest(content):
    return "%d bytes, %s" % (len(content), hashlib.sha256(content).hexdigest()[:16])


class Text:
    """The content of a text. Where it came in lines, not in base64, their ends are those of the file."""

    def __init__(self, content, in_lines):
        self.content, self.in_lines = content, in_lines

    def __eq__(self, other):
        if isinstance(other, Text) and self.in_lines:
            return self.content.replace(b"\r\n", b"\n") == other.content.replace(b"\r\n", b"\n")
        return isinstance(other, Text) and self.content == other.content

    def __repr__(self):
        return digest(self.content)


def name_of(part):
    try:
        return part.get_filename()
    except Exception:
        return None


def leaves(part, facts, place):
    kind = part.get_content_type()
    if kind.startswith("message/") and part.is_multipart():
        facts.append((place + " type", kind))
        facts.append((place + " name", name_of(part)))
        if kind in ("message/rfc822", "message/global", "message/news"):
            facts.extend((place + " / " + what, value) for what, value in facts_of(part.get_payload(0)))
        else:
            content = b"".join(child.as_bytes() for child in part.get_payload())
            facts.append((place + " content", digest(content.replace(b"\r\n", b"\n").rstrip(b"\n"))))
    elif part.is_multipart():
        facts.append((place + " type", kind))
        for number, child in enumerate(part.iter_parts(), 1):
            leaves(child, facts, place + "." + str(number))
    else:
        facts.append((place + " type", kind))
        facts.append((place + " name", name_of(part)))
        if part.get_content_maintype() == "text" and not part.is_attachment() and name_of(part) is None:
            facts.append((place + " text", text_of(part)))
        elif kind.startswith("message/"):
            facts.append((place + " content", digest((part.get_payload(decode=True) or b"").replace(b"\r\n", b"\n").rstrip(b"\n"))))
        else:
            content = part.get_payload(decode=True) or b""
            if part.get_content_maintype() == "text":
                encoding = str(header(part, "Content-Transfer-Encoding")).lower()
                facts.append((place + " content", Text(content, encoding != "base64")))
            else:
                facts.append((place + " content", digest(content)))
        facts.append((place + " id", " ".join(str(header(part, "Content-ID") or "").split())))


def further_fields(message):
    found = {}
    for name in message.keys():
        lower = name.lower()
        if lower in FREE or lower in (other.lower() for other in ADDRESSES + IDS + ("Subject", "Date")):
            continue
        try:
            values = [" ".join(str(value).split()) for value in message.get_all(name)]
        except Exception as failure:
            values = ["unreadable to Python: " + type(failure).__name__]
        found["field " + lower] = [value for value in values if value]
    return sorted((name, values) for name, values in found.items() if values)


def facts_of(message):
    facts = [(name, mailboxes(message, name)) for name in ADDRESSES]
    subject = header(message, "Subject")
    facts.append(("Subject", None if subject is None else str(subject)))
    facts.append(("Date", date_of(message)))
    for name in IDS:
        value = header(message, name)
        facts.append((name, None if value is None else " ".join(str(value).split())))
    facts += further_fields(message)
    leaves(message, facts, "part")
    return facts


def differences(before, after):
    old, new = facts_of(before), facts_of(after)
    names = [name for name, _ in old]
    old, new = dict(old), dict(new)
    for name in names + [name for name in new if name not in old]:
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def read(path):
    with open(path, "rb") as file:
        return parse(file.read())


def main(arguments):
    before, after = arguments[:2]
    names = arguments[2:] or sorted(os.listdir(before))
    for name in names:
        old = read(os.path.join(before, name))
        state = "defective" if defects_of(old) else "well formed"
        if not os.path.exists(os.path.join(after, name)):
            print("\t".join((name, state, "message", "there", "lost")))
            continue
        for what, was, is_now in differences(old, read(os.path.join(after, name))):
            print("\t".join((name, state, what, repr(was)[:300], repr(is_now)[:300])))
    print("%d compared" % len(names))


if __name__ == "__main__":
    main(sys.argv[1:])
