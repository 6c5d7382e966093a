"""What Python's mailbox, email and sqlite3 take to import an mbox file: the same as the floor of import_floor does.

Arguments: the mbox file, and a database that does not exist yet. Prints how many messages there were and the seconds they took.
"""
import email
import email.policy
import mailbox
import sqlite3
import sys
import time

BATCH = 1000
SCHEMA = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;
CREATE TABLE message (id INTEGER PRIMARY KEY, subject TEXT, sender TEXT, recipients TEXT, cc TEXT, date INTEGER,
 message_id TEXT, body TEXT, source BLOB);
CREATE INDEX message_date ON message (date);
"""
INSERTION = """INSERT INTO message (subject, sender, recipients, cc, date, message_id, body, source)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""


def row(source):
    message = email.message_from_bytes(source, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    return (message["subject"], message["from"], message["to"], message["cc"], int(message["date"].datetime.timestamp()),
            message["message-id"], body.get_content() if body is not None else None, source)


def run(path, db):
    count = 0
    box = mailbox.mbox(path, create=False)
    for key in box.iterkeys():
        if count % BATCH == 0:
            if count > 0:
                db.execute("COMMIT")
            db.execute("BEGIN")
        db.execute(INSERTION, row(box.get_bytes(key)))
        count += 1
    if count > 0:
        db.execute("COMMIT")
    return count


db = sqlite3.connect(sys.argv[2], isolation_level=None)
db.executescript(SCHEMA)
begin = time.monotonic()
count = run(sys.argv[1], db)
print(count, time.monotonic() - begin)
db.close()
