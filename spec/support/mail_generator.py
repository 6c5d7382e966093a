#!/usr/bin/env python3
"""Makes mail: nasty, but well formed.

    mail_generator.py DIRECTORY COUNT [SEED]

Writes COUNT messages, 00000.eml and so on. The same seed gives the same messages. What Python's email finds a defect in,
in any part or header, is thrown away and made anew: the rest is what a converter has no excuse to change.
"""
import base64
import binascii
import os
import random
import sys
import warnings

import mail_roundtrip

warnings.simplefilter("ignore")

CHARSETS = (
    "us-ascii utf-8 utf-8 utf-8 iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 "
    "iso-8859-9 iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 windows-1250 windows-1251 "
    "windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 koi8-r koi8-u koi8-t "
    "cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp860 cp861 cp862 cp863 cp864 cp865 ibm866 cp869 cp874 cp1125 macintosh "
    "shift_jis euc-jp iso-2022-jp iso-2022-jp-2 iso-2022-kr euc-kr gb2312 gbk gb18030 big5 big5-hkscs johab cp932 cp949 "
    "ks_c_5601-1987 tis-620 utf-7 utf-16 utf-16be utf-16le utf-32 ptcp154"
).split()

SAMPLES = (
    "Grüße aus Köln, déjà vu, señor, Ærøskøbing, łódź, příliš žluťoučký, İstanbul, Αθήνα, Москва, Київ, שלום, مرحبا, ไทย, "
    "日本語テキスト、漢字かな, 中文测试, 繁體中文, 한국어, ～―‖−¥, „quoted“ – dash … €uro ±½ ©®™ 😀 𝄞 ΩЖ ıĞşİ ŵŷ āēī Қазақ"
)

TYPES = "image/png image/gif application/pdf application/octet-stream application/zip audio/basic video/mpeg font/woff2".split()
WORDS = "report minutes Room table the of and board plan 2023 desk office caretaker week list open close".split()


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.newline = "\n"

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def pick(self, items):
        return self.random.choice(items)

    # Text ------------------------------------------------------------------------------------------------------------

    def charset(self):
        return self.pick(CHARSETS)

    def characters(self, charset, count):
        """Text of about `count` characters that the charset has."""
        pool = []
        for character in SAMPLES:
            try:
                if character.encode(charset).decode(charset) == character:
                    pool.append(character)
            except (UnicodeError, LookupError):
                pass
        text = "".join(self.pick(pool) if self.chance(60) else self.pick("abc xyz =?_<>&-.") for _ in range(count))
        return text

    def word(self):
        return self.pick(WORDS)

    def sentence(self, most=12):
        return " ".join(self.word() for _ in range(self.random.randint(1, most)))

    def body(self, charset):
        lines = []
        for _ in range(self.random.choice((0, 1, 2, 5, 20))):
            kind = self.random.randrange(10)
            if kind == 0:
                lines.append("")
            elif kind == 1:
                lines.append(self.pick(("From here on", ".", "..", "--", "-- ", ">From", "begin 644 nothing", " x ", "\tx\t")))
            elif kind == 2:
                lines.append("--" + self.word() + self.pick(("", "--")))
            elif kind == 3:
                lines.append(("long " + self.sentence()) * self.random.randint(1, 12))
            elif kind < 7:
                lines.append(self.characters(charset, self.random.randint(1, 60)))
            else:
                lines.append(self.sentence() + self.pick(("", " ", "  ", "\t")))
        text = "\n".join(lines)
        return text + ("\n" if self.chance(75) else "")

    # Header fields ---------------------------------------------------------------------------------------------------

    def encoded_words(self, text, charset):
        """The text as a row of encoded words, split anywhere between characters."""
        words, at = [], 0
        while at < len(text):
            size = self.random.randint(1, 9)
            piece = text[at:at + size]
            at += size
            content = piece.encode(charset)
            tag = charset if self.chance(70) else charset.upper()
            if self.chance(50):
                words.append("=?%s?%s?%s?=" % (tag, self.pick("Bb"), base64.b64encode(content).decode()))
            else:
                safe = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                encoded = "".join(chr(c) if c in safe else "_" if c == 32 and "16" not in charset and "32" not in charset
                                  else "=%02X" % c for c in content)
                words.append("=?%s?%s?%s?=" % (tag, self.pick("Qq"), encoded))
        return self.newline_join(words)

    def newline_join(self, words):
        out = ""
        for number, word in enumerate(words):
            if number:
                out += self.pick((" ", "\n ", "\n\t"))
            out += word
        return out

    def unstructured(self):
        kind = self.random.randrange(8)
        if kind < 3:
            return self.sentence()
        if kind == 3:
            return self.newline_join([self.sentence(8) for _ in range(self.random.randint(2, 40))])
        if kind == 4:
            charset = self.header_charset()
            return self.sentence(3) + " " + self.encoded_words(self.characters(charset, 20).strip() or "x", charset)
        if kind == 5:
            return "Re: " + self.sentence() + "  " + self.sentence()
        charset = self.header_charset()
        return self.encoded_words(self.characters(charset, self.random.randint(1, 60)).strip() or "x", charset)

    def header_charset(self):
        while True:
            charset = self.charset()
            if not charset.startswith(("utf-7", "utf-16", "utf-32", "iso-2022-kr")):
                return charset

    def phrase(self):
        kind = self.random.randrange(6)
        if kind == 0:
            return self.sentence(3)
        if kind == 1:
            return '"%s"' % self.pick(('Desk, Front', 'The \\"Desk\\"', 'a.b (c) <d>', 'back\\\\slash', 'Desk: 1;', "O'Desk", "="))
        if kind == 2:
            return "J. " + self.word()
        charset = self.header_charset()
        return self.encoded_words(self.characters(charset, self.random.randint(1, 24)).strip() or "x", charset)

    def address(self):
        local = self.pick(("desk", "front.desk", "o'desk", "desk+tag", '"front desk"', '"a@b"', '"x\\"y"', "d=e/s", "UPPER", "a" * 40))
        domain = self.pick(("example.com", "example.org", "Mail.Example.COM", "[192.0.2.1]", "sub.sub.sub.example.org"))
        return local + "@" + domain

    def mailbox(self):
        kind = self.random.randrange(8)
        if kind < 3:
            return self.address()
        if kind == 3:
            return "<%s>" % self.address()
        if kind == 4:
            return "%s (%s)" % (self.address(), self.sentence(2))
        if kind == 5:
            return "%s (at %s) <%s>" % (self.word(), self.word(), self.address())
        return "%s <%s>" % (self.phrase(), self.address())

    def mailboxes(self, most):
        items = []
        for _ in range(self.random.randint(1, most)):
            if self.chance(8):
                members = ", ".join(self.mailbox() for _ in range(self.random.randint(0, 3)))
                items.append("%s: %s;" % (self.pick(("Staff", '"All, of us"', "undisclosed-recipients")), members))
            else:
                items.append(self.mailbox())
        return ("," + self.pick((" ", "\n ", "\n\t", "  "))).join(items)

    def identifier(self):
        return "<%s@%s>" % (self.pick(("1.2.3", "a" * 70, "x+y=z", "$1%2", "%d" % self.random.getrandbits(60))),
                            self.pick(("example.com", "mail.example.org", "[192.0.2.7]")))

    def date(self):
        zone = self.pick(("+0000", "-0000", "+0200", "-0730", "GMT", "EST", "+1345"))
        day = self.pick(("", "Tue, "))
        return "%s14 Nov %s 22:13%s %s%s" % (day, self.pick(("2023", "1999")) if day == "" else "2023",
                                             self.pick((":20", ":59", "")), zone, self.pick(("", " (comment)")))

    def fields(self, inner):
        out = [("Date", self.date()), ("From", self.mailbox() if self.chance(85) else self.mailboxes(3))]
        if self.chance(25):
            out.append(("Sender", self.mailbox()))
        if self.chance(30):
            out.append(("Reply-To", self.mailboxes(3)))
        if self.chance(90):
            out.append(("To", self.mailboxes(self.pick((1, 2, 5, 30)))))
        if self.chance(40):
            out.append(("Cc", self.mailboxes(4)))
        if self.chance(15):
            out.append(("Bcc", self.mailboxes(3)))
        if self.chance(95):
            out.append(("Subject", self.unstructured()))
        if self.chance(80):
            out.append(("Message-ID", self.pick(("", "\n ")) + self.identifier()))
        if self.chance(40):
            out.append(("In-Reply-To", self.identifier()))
            out.append(("References", self.newline_join([self.identifier() for _ in range(self.pick((1, 3, 60)))])))
        if self.chance(20):
            out.append(("Comments", self.unstructured()))
        if self.chance(20):
            out.append(("Keywords", ", ".join(self.sentence(2) for _ in range(3))))
        if self.chance(20):
            out.append(("X-" + self.word().capitalize(), self.unstructured()))
        if self.chance(20):
            out.append(("List-Unsubscribe", "<mailto:leave@example.org>"))
        if self.chance(20):
            out.append(("Importance", self.pick(("low", "normal", "high"))))
        if self.chance(20):
            out.append(("Received", "from a.example.org by b.example.org;\n\t" + "Tue, 14 Nov 2023 22:13:20 +0000"))
        if not inner and self.chance(50):
            self.random.shuffle(out)
        return out

    # Parts -----------------------------------------------------------------------------------------------------------

    def parameter(self, name, value):
        """One parameter in one of the ways that RFC 2045 and 2231 know."""
        ascii_only = value.isascii() and "\r" not in value
        ways = ["extended", "continued"] + (["quoted"] * 3 if ascii_only else [])
        way = self.pick(ways)
        if way == "quoted":
            return '; %s="%s"' % (name, value.replace("\\", "\\\\").replace('"', '\\"'))
        charset = self.pick(("utf-8", "UTF-8"))
        for other in ("iso-8859-1", "koi8-r", "gb2312"):
            try:
                if self.chance(30) and value.encode(other).decode(other) == value:
                    charset = other
            except UnicodeError:
                pass
        encoded = "".join(chr(c) if chr(c).isalnum() and c < 128 else "%%%02X" % c for c in value.encode(charset))
        language = self.pick(("", "en"))
        if way == "extended":
            return ";\n %s*=%s'%s'%s" % (name, charset, language, encoded)
        pieces, size = [], self.random.randint(12, 40)
        while encoded:
            cut = size
            while "%" in encoded[max(0, cut - 2):cut]:
                cut += 1
            pieces.append(encoded[:cut])
            encoded = encoded[cut:]
        return "".join(";\n\t%s*%d*=%s%s" % (name, number, "%s'%s'" % (charset, language) if number == 0 else "", piece)
                       for number, piece in enumerate(pieces or [""]))

    def filename(self):
        return self.pick((
            "plan.pdf", "two words.txt", 'a "quoted" name.txt', "no extension", "Grüße.txt", "отчёт за год.pdf", "日本語の名前.doc",
            "semi;colon.txt", "back\\slash.bin", "it's 100%.txt", "x" * 120 + ".dat", "né à Köln " * 8 + ".png", "😀.gif",
            "equals=?.txt", ".hidden", "trailing.", "a,b.csv"))

    def encode(self, content, allow_plain):
        """A transfer encoding that can carry the content, and the content in it."""
        ways = ["base64", "base64", "quoted-printable", "quoted-printable"]
        lines = content.split(b"\n")
        plain = allow_plain and b"\r" not in content and b"\0" not in content and all(len(line) < 990 for line in lines)
        if plain and not any(c >= 128 for c in content):
            ways += ["7bit", "7bit", "", "8bit"]
        elif plain:
            ways += ["8bit", "8bit", "binary"]
        if self.chance(3):
            ways = ["x-uuencode"]
        way = self.pick(ways)
        if way == "base64":
            text = base64.b64encode(content).decode()
            width = self.pick((4, 60, 76))
            return way, "\n".join(text[i:i + width] for i in range(0, len(text), width)) + self.pick(("", "\n"))
        if way == "quoted-printable":
            encoded = binascii.b2a_qp(content, quotetabs=self.chance(30), istext=allow_plain)
            return way, encoded.decode("ascii")
        if way == "x-uuencode":
            out = ["begin 644 data"]
            for i in range(0, len(content), 45):
                out.append(binascii.b2a_uu(content[i:i + 45], backtick=self.chance(50)).decode("ascii").rstrip("\n"))
            return way, "\n".join(out + ["`", "end", ""])
        return way, content.decode("latin-1")

    def cased(self, name):
        return self.pick((name, name, name.lower(), name.upper()))

    def transfer(self, way):
        return [(self.cased("Content-Transfer-Encoding"), self.pick((way, way, way.upper())))] if way else []

    def text_part(self, subtype, extra=""):
        charset = self.charset()
        text = self.body(charset)
        if subtype == "html":
            text = "<html><body><p>%s</p></body></html>\n" % text.replace("<", "&lt;")
        if subtype == "calendar":
            text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1@example.org\nSUMMARY:%s\nEND:VEVENT\nEND:VCALENDAR\n" % self.word()
        if subtype in ("enriched", "x-vcard", "csv"):
            text = self.sentence() + "\n"
        wide = charset.startswith(("utf-16", "utf-32"))
        content = (text.replace("\n", "\r\n") if wide else text).encode(charset)
        if wide:
            encoded = base64.encodebytes(content).decode()
            way = "base64"
        else:
            way, encoded = self.encode(content, True)
        quoted = self.pick(('%s', '"%s"')) % charset
        value = "text/%s; %s=%s" % (subtype, self.cased("charset"), quoted)
        if charset == "us-ascii" and self.chance(40) and subtype == "plain" and not extra:
            return self.transfer(way), encoded
        if subtype == "plain" and self.chance(20):
            value += "; format=flowed" + self.pick(("", "; delsp=yes"))
        return [("Content-Type", value + extra)] + self.transfer(way), encoded

    def disposition(self, name, kind=None):
        value = kind or self.pick(("attachment", "inline", "Attachment"))
        if name is not None:
            value += self.parameter("filename", name)
        if self.chance(15):
            value += ';\n modification-date="Tue, 14 Nov 2023 22:13:20 +0000"; size=%d' % self.random.randrange(9999)
        return ("Content-Disposition", value)

    def attachment(self):
        name = self.filename() if self.chance(85) else None
        kind = self.random.randrange(10)
        if kind < 6:
            content = self.random.randbytes(self.pick((0, 1, 2, 3, 100, 5000)))
            way, encoded = "base64", base64.encodebytes(content).decode()
            if self.chance(20):
                way, encoded = self.encode(content, False)
            value = self.pick(TYPES)
            if name and self.chance(40):
                value += self.parameter("name", name)
            fields = [("Content-Type", value)] + self.transfer(way)
            if name or self.chance(50):
                fields.append(self.disposition(name))
            if self.chance(20):
                fields.append(("Content-Description", self.unstructured()))
            return fields, encoded
        if kind < 8:
            fields, encoded = self.text_part(self.pick(("plain", "html", "csv", "calendar", "x-vcard", "enriched")), "")
            return fields + [self.disposition(name)], encoded
        if kind == 8:
            return [("Content-Type", "message/external-body; access-type=URL;\n URL=\"https://example.org/x\"")], \
                "Content-Type: image/png\nContent-ID: <e@example.org>\n\n"
        return self.embedded(name)

    def embedded(self, name=None):
        fields = [("Content-Type", self.pick(("message/rfc822", "Message/RFC822")))]
        if name is not None:
            fields.append(self.disposition(name))
        return fields, self.message(self.depth + 1)

    def multipart(self, subtype, parts, parameters=""):
        boundary = self.pick(("b", "=_%d", "----=_Part.%d", "a'()+_,-./:=?%d", "with blank %d", "0" * 60)).replace("%d", str(self.random.getrandbits(40)))
        boundary += str(self.serial)
        self.serial += 1
        token = all(c.isalnum() or c in "-_." for c in boundary)
        quoted = boundary if token and self.chance(50) else '"%s"' % boundary
        value = "multipart/%s%s;%s%s=%s" % (subtype, parameters, self.pick((" ", "\n ", "\n\t")), self.cased("boundary"), quoted)
        text = self.pick(("", "", "This is a message in several parts.\n", "two\nlines\n"))
        for fields, content in parts:
            text += "--%s\n%s\n%s\n" % (boundary, self.join_fields(fields), content)
        text += "--%s--%s" % (boundary, self.pick(("\n", "", "\nAn epilogue.\n", "\n\n")))
        return [("Content-Type", value)], text

    def related(self):
        count = self.random.randint(1, 3)
        ids = ["img%d.%d@example.org" % (i, self.random.getrandbits(30)) for i in range(count)]
        html = "<html><body>%s</body></html>\n" % "".join('<img src="cid:%s">' % name for name in ids)
        root = [("Content-Type", "text/html; charset=utf-8"), ("Content-ID", "<root@example.org>")], html
        parts = [root]
        for name in ids:
            fields = [("Content-Type", "image/png"), ("Content-ID", "<%s>" % name), ("Content-Transfer-Encoding", "base64")]
            if self.chance(50):
                fields.append(self.disposition(self.filename(), "inline"))
            parts.append((fields, base64.encodebytes(self.random.randbytes(50)).decode()))
        parameters = '; type="text/html"'
        if self.chance(25):
            parameters += '; start="<root@example.org>"'
            parts.append(parts.pop(0))
        return self.multipart("related", parts, parameters)

    def report(self):
        human = self.text_part("plain")
        original = self.pick((self.embedded, lambda: ([("Content-Type", "text/rfc822-headers")], "Subject: x\nFrom: a@example.org\n\n")))()
        if self.chance(50):
            status = ("Reporting-MTA: dns; mail.example.org\nArrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n\n"
                      "Final-Recipient: rfc822; nobody@example.com\nAction: %s\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n"
                      % self.pick(("failed", "delivered", "delayed", "relayed", "expanded")))
            return self.multipart("report", [human, ([("Content-Type", "message/delivery-status")], status), original],
                                  "; report-type=delivery-status")
        status = ("Reporting-UA: x; y\nFinal-Recipient: rfc822; desk@example.com\nOriginal-Message-ID: <1@example.org>\n"
                  "Disposition: manual-action/MDN-sent-manually; %s\n" % self.pick(("displayed", "deleted")))
        return self.multipart("report", [human, ([("Content-Type", "message/disposition-notification")], status), original],
                              "; report-type=disposition-notification")

    def signed(self):
        protocol, micalg = self.pick((("application/pgp-signature", "pgp-sha256"), ("application/pkcs7-signature", "sha-256")))
        signature = [("Content-Type", protocol + "; name=smime.p7s"), ("Content-Transfer-Encoding", "base64")], "AAEC\n"
        return self.multipart("signed", [self.entity(2), signature], '; protocol="%s"; micalg=%s' % (protocol, micalg))

    def entity(self, level=0):
        """Content- fields and content of one part."""
        kind = self.random.randrange(20)
        if level >= 4 or kind < 6:
            return self.text_part(self.pick(("plain", "plain", "html")))
        if kind < 8:
            return self.multipart("alternative", [self.text_part("plain"), self.pick((self.text_part, self.related_of))("html")])
        if kind == 8:
            return self.multipart("alternative", [self.text_part("plain"), self.text_part(self.pick(("enriched", "calendar"))), self.text_part("html")])
        if kind < 14:
            subtype = self.pick(("mixed", "mixed", "mixed", "parallel", "x-unknown", "form-data"))
            parts = [self.entity(level + 1) if self.chance(50) else self.attachment() for _ in range(self.random.randint(1, 4))]
            return self.multipart(subtype, parts)
        if kind == 14:
            return self.related()
        if kind == 15:
            return self.report()
        if kind == 16:
            return self.signed()
        if kind == 17:
            parts = [([] if self.chance(50) else [("Content-Type", "message/rfc822")], self.message(self.depth + 1))
                     for _ in range(self.random.randint(1, 3))]
            return self.multipart("digest", parts)
        if kind == 18 and level == 0:
            return self.attachment()
        return self.text_part("plain")

    def related_of(self, subtype):
        return self.related()

    # Messages --------------------------------------------------------------------------------------------------------

    def join_fields(self, fields):
        return "".join("%s:%s%s\n" % (name, self.pick((" ", " ", " ", "  ", "\t")) if value[:1] != "\n" else "", value)
                       for name, value in fields)

    depth = 0
    serial = 0

    def message(self, depth):
        before, self.depth = self.depth, depth
        fields = self.fields(depth > 0)
        if depth > 3 or self.chance(6):
            content_fields, content = [], self.sentence() + "\n"  # no MIME at all
        else:
            content_fields, content = self.entity(2 if depth > 1 else depth)
            fields.append((self.cased("MIME-Version"), self.pick(("1.0", "1.0", "1.0 (comment)"))))
        self.depth = before
        return self.join_fields(fields + content_fields) + "\n" + content

    def file(self):
        """A message as bytes; its text is one character a byte."""
        newline = self.pick(("\n", "\r\n"))
        self.depth = 0
        return self.message(0).replace("\r\n", "\n").replace("\n", newline).encode("latin-1")


def main(arguments):
    directory, count = arguments[0], int(arguments[1])
    seed = arguments[2] if len(arguments) > 2 else "1"
    maker = Maker("mail " + seed)
    made = thrown = 0
    while made < count:
        content = maker.file()
        if mail_roundtrip.defects_of(mail_roundtrip.parse(content)):
            thrown += 1
            continue
        with open(os.path.join(directory, "%05d.eml" % made), "wb") as file:
            file.write(content)
        made += 1
    print("%d made, %d thrown away" % (made, thrown))


if __name__ == "__main__":
    main(sys.argv[1:])
