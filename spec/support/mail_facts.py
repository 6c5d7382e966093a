#!/usr/bin/env python3
"""What Python's email package finds in messages: the facts that specs compare imports and exports with.

    mail_facts.py [--lines] FILE...

Prints one JSON object per file and line:

    file            the path as given
    subject         the first Subject, decoded, or null
    from            {"name", "address"} of the first From field's first mailbox, or null
    to, cc          arrays of the same, groups flattened, all fields added up
    date            Unix seconds, or null where Python cannot read it
    message_id, in_reply_to, references     strings, white space collapsed, or null
    text, html      the body of that kind, line ends as LF, or null
    attachments     array of {"name", "type", "sha256", "size"}: leaf parts that are not a body, in document order;
                    embedded messages have "message" (the same facts, without "file") in place of sha256 and size
    defects         whether any part or header has a defect

With --lines: one line per file of fields separated by blanks, each the UTF-8 in hexadecimal and a full stop, "-" for
null: file subject from.name from.address text html.
"""
import email
import email.policy
import email.utils
import hashlib
import json
import sys
import warnings
from email.header import decode_header, make_header

warnings.simplefilter("ignore")


class RawPolicy(email.policy.Compat32):
    """Header values as they stand; 8-bit bytes as surrogates, which clean() knows how to read."""

    def header_fetch_parse(self, name, value):
        return value


POLICY = RawPolicy()


def clean(text):
    """8-bit bytes of a header are UTF-8 if they can be, else Windows-1252."""
    content = text.encode("utf-8", "surrogateescape")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def decoded(value):
    """A raw header value as text: unfolded, encoded words decoded."""
    if value is None:
        return None
    value = clean("".join(str(value).splitlines()))
    try:
        text = str(make_header(decode_header(value)))
    except (LookupError, UnicodeError, ValueError, email.errors.HeaderParseError):
        text = value
    return text.strip()


def first(message, name):
    values = message.get_all(name)
    return values[0] if values else None


def mailboxes(message, name):
    found = []
    for value in message.get_all(name) or []:
        for label, address in email.utils.getaddresses(["".join(value.splitlines())]):
            if label or address:
                found.append({"name": decoded(label) or "", "address": clean(address)})
    return found


def ids(value):
    return None if value is None else " ".join(clean(value).split())


def date_of(value):
    if value is None:
        return None
    try:
        parsed = email.utils.parsedate_tz("".join(value.splitlines()))
        return None if parsed is None else int(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def text_of(part):
    payload = part.get_payload(decode=True) or b""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = payload.decode(charset, "replace")
    except LookupError:
        text = payload.decode("utf-8", "replace")
    if part.get_content_charset() in (None, "us-ascii"):
        try:
            text = payload.decode("utf-8")
        except UnicodeDecodeError:
            text = payload.decode("latin-1")
    return text.replace("\r\n", "\n")


def is_body(part, outermost):
    if part.is_multipart() or part.get_content_type() not in ("text/plain", "text/html"):
        return False
    if part.get_content_disposition() == "attachment":
        return False
    return outermost or not part.get_filename()


class Parts:
    """Bodies and attachments of one message, as a mail program sorts them."""

    def __init__(self, message):
        self.body = {}
        self.within = {}
        self.attachments = []
        self.sort(message, None, True)

    def sort(self, part, alternative, outermost):
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = part if kind == "multipart/alternative" else alternative if kind == "multipart/related" else None
            for child in part.get_payload():
                self.sort(child, inner, False)
            return
        other = "text/html" if kind == "text/plain" else "text/plain"
        if is_body(part, outermost) and kind not in self.body:
            if other not in self.body or (alternative is not None and self.within[other] is alternative):
                self.body[kind] = part
                self.within[kind] = alternative
                return
        self.attachments.append(part)


def name_of(part):
    try:
        name = part.get_filename()
    except (LookupError, UnicodeError, ValueError, TypeError):
        return None
    return decoded(name) if name else None


def attachment(part):
    fact = {"name": name_of(part), "type": part.get_content_type()}
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        fact["message"] = facts(part.get_payload(0))
        return fact
    payload = part.get_payload(decode=True)
    if payload is None:
        payload = b"\n".join(child.as_bytes() for child in part.get_payload()) if part.is_multipart() else b""
    fact["sha256"] = hashlib.sha256(payload).hexdigest()
    fact["size"] = len(payload)
    return fact


def facts(message):
    parts = Parts(message)
    bodies = {kind: text_of(part) for kind, part in parts.body.items()}
    sender = mailboxes(message, "From")
    return {
        "subject": decoded(first(message, "Subject")),
        "from": sender[0] if sender else None,
        "to": mailboxes(message, "To"),
        "cc": mailboxes(message, "Cc"),
        "date": date_of(first(message, "Date")),
        "message_id": ids(first(message, "Message-ID")),
        "in_reply_to": ids(first(message, "In-Reply-To")),
        "references": ids(first(message, "References")),
        "text": bodies.get("text/plain"),
        "html": bodies.get("text/html"),
        "attachments": [attachment(part) for part in parts.attachments],
        "defects": any(part.defects for part in message.walk()),
    }


def read(path):
    with open(path, "rb") as file:  # message_from_binary_file would change line ends
        return email.message_from_bytes(file.read(), policy=POLICY)


def in_hexadecimal(value):
    return "-" if value is None else value.encode("utf-8", "replace").hex() + "."


def main(arguments):
    lines = "--lines" in arguments
    for path in (argument for argument in arguments if argument != "--lines"):
        found = facts(read(path))
        if lines:
            sender = found["from"] or {"name": None, "address": None}
            values = [path, found["subject"], sender["name"], sender["address"], found["text"], found["html"]]
            print(" ".join(in_hexadecimal(value) for value in values))
        else:
            print(json.dumps({"file": path, **found}, ensure_ascii=True))


if __name__ == "__main__":
    main(sys.argv[1:])
