--- A generated mailbox: an mbox file of messages that differ as those of a mailbox do, the same bytes each time.
--
-- In a hundred messages: 46 plain texts (a third of them in UTF-8, 8-bit; some quoted-printable in ISO-8859-1), 34 with
-- an HTML form beside the text, 16 with one to three attachments of 2 to 100 KB in base64, 3 whose HTML has an image of
-- its own, and one that forwards another message whole. Each has the fields that transport leaves (Received, a
-- signature, some list fields), a third of the subjects and some names are encoded words, some have many recipients.
local mail = {}

local random = {}
random.__index = random

--- Numbers that look random and are the same each time, whatever Lua's own generator is.
local function new_random(seed)
    return setmetatable({ state = seed }, random)
end

--- An integer from 1 to `most`.
function random:below(most)
    self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return (self.state >> 24) % most + 1
end

function random:pick(list)
    return list[self:below(#list)]
end

local words = {
    "the", "meeting", "report", "about", "order", "number", "please", "find", "enclosed", "schedule", "next",
    "week", "with", "budget", "travel", "invoice", "customer", "answer", "question", "delivery", "project",
    "review", "draft", "version", "and", "or", "for", "in", "on", "a", "list", "plan", "office", "room",
    "machine", "part", "price", "offer", "contract", "minutes", "agenda", "change", "request", "since",
    "before", "after", "we", "you", "they", "have", "will", "should",
}
local accented = {
    "Grüße", "café", "résumé", "Übersicht", "naïve", "piñata", "façade", "Straße", "œuvre", "señor",
}
local people = {
    "Front Desk", "Sales Team", "Accounts Office", "Help Desk", "Shipping", "Build Server", "List Owner",
    "Works Council", "Night Shift", "Purchasing", "Quality Control", "Press Office",
}
local accented_people = { "Geschäftsführung", "Qualité", "Dirección", "Büro Süd" }

local function sentence(r, accents)
    local said = {}
    for i = 1, 6 + r:below(10) do
        said[i] = accents and r:below(8) == 1 and r:pick(accented) or r:pick(words)
    end
    return table.concat(said, " ") .. "."
end

--- Lines of text; now and then one that an mbox file must escape, and quoted ones.
local function text(r, lines, accents)
    local said = {}
    for i = 1, lines do
        local kind = r:below(40)
        local start = kind == 2 and ">From the beginning " or kind < 8 and "> " or ""
        said[i] = kind == 1 and "" or start .. sentence(r, accents)
    end
    return table.concat(said, "\n") .. "\n"
end

local function html(r, paragraphs)
    local said = { "<html><head><meta charset=\"utf-8\"><style>p { margin: 0 0 1em }</style></head><body>" }
    for i = 1, paragraphs do
        said[i + 1] = ("<p class=\"text\" style=\"font-family: sans-serif\">%s <b>%s</b><br>\n%s</p>"):format(
            sentence(r, true), r:pick(words), sentence(r, true))
    end
    said[#said + 1] = "</body></html>\n"
    return table.concat(said, "\n")
end

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
    local out = {}
    for i = 1, #bytes, 3 do
        local a, b, c = bytes:byte(i, i + 2)
        local n = a << 16 | (b or 0) << 8 | (c or 0)
        local at = { n >> 18 & 63, n >> 12 & 63, n >> 6 & 63, n & 63 }
        for k = 1, 4 do
            at[k] = digits:sub(at[k] + 1, at[k] + 1)
        end
        at[3], at[4] = b and at[3] or "=", c and at[4] or "="
        out[#out + 1] = table.concat(at)
    end
    return table.concat(out)
end

local function random_bytes(r, size)
    local bytes = {}
    for i = 1, size do
        bytes[i] = string.char(r:below(256) - 1)
    end
    return table.concat(bytes)
end

--- Some base64 of random bytes, made once: attachments and signatures are pieces of it.
local stock = base64(random_bytes(new_random(7), 96 * 1024))

local function piece(from, size)
    local at = from % (#stock - size)
    return stock:sub(at - at % 4 + 1, at - at % 4 + size)
end

local function attachment_lines(r, size)
    local lines, from = {}, r:below(1000) * 4
    for i = 1, size // 57 do
        lines[i] = piece(from + i * 76, 76)
    end
    return table.concat(lines, "\n") .. "\n"
end

local function quoted_printable(s)
    return (s:gsub("[\x80-\xFF=]", function(c) return ("=%02X"):format(c:byte()) end))
end

local function latin1(s)
    return (s:gsub(utf8.charpattern, function(c)
        local code = utf8.codepoint(c)
        return code < 0x100 and string.char(code) or "?"
    end))
end

local function encoded_word(s)
    return "=?utf-8?B?" .. base64(s) .. "?="
end

local function address(r)
    local name = r:below(6) == 1 and encoded_word(r:pick(accented_people)) or r:pick(people)
    return ("%s <office%d@%s>"):format(name, r:below(400), r:pick { "example.org", "example.com", "mail.example.com" })
end

local function addresses(r, count)
    local list = {}
    for i = 1, count do
        list[i] = address(r)
    end
    return table.concat(list, ",\n ")
end

local function subject(r)
    local plain = ("%s %s %s %d"):format(r:pick(words), r:pick(words), r:pick(words), r:below(100000))
    local start = r:below(3) == 1 and "Re: " or ""
    return start .. (r:below(3) == 1 and encoded_word(r:pick(accented) .. " " .. plain) or plain)
end

local FIRST = 1600000000

local function header(r, number)
    local date = os.date("!%a, %d %b %Y %H:%M:%S +0000", FIRST + number * 977 % 90000000)
    local fields = { "Return-Path: <bounce" .. number .. "@example.org>" }
    for hop = 1, 2 + r:below(3) do
        fields[#fields + 1] = ("Received: from relay%d.example.org (relay%d.example.org [192.0.2.%d])\n"
            .. "\tby mx%d.example.com (Postfix) with ESMTPS id %08X\n\tfor <office%d@example.com>; %s"):format(
            hop, hop, r:below(250), hop, r:below(0x7FFFFFFF), r:below(400), date)
    end
    fields[#fields + 1] = ("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;\n"
        .. "\ts=mail; h=from:to:subject:date:message-id;\n\tbh=%s;\n\tb=%s"):format(
        piece(r:below(100000), 44), piece(r:below(100000), 172))
    fields[#fields + 1] = "Date: " .. date
    fields[#fields + 1] = "From: " .. address(r)
    fields[#fields + 1] = "To: " .. addresses(r, r:below(20) == 1 and 25 or r:below(3))
    if r:below(3) == 1 then
        fields[#fields + 1] = "Cc: " .. addresses(r, r:below(5))
    end
    fields[#fields + 1] = "Subject: " .. subject(r)
    fields[#fields + 1] = ("Message-ID: <%d.%08x@mail.example.org>"):format(number, r:below(0x7FFFFFFF))
    if r:below(2) == 1 then
        fields[#fields + 1] = ("In-Reply-To: <%d@mail.example.org>"):format(r:below(number + 1))
        fields[#fields + 1] = ("References: <%d@mail.example.org>\n <%d@mail.example.org>"):format(
            r:below(number + 1), r:below(number + 1))
    end
    if r:below(4) == 1 then
        fields[#fields + 1] = "List-Id: <offices.example.org>\nList-Unsubscribe: <mailto:leave@example.org>"
        fields[#fields + 1] = "Precedence: list"
    end
    fields[#fields + 1] = "X-Mailer: Example Mail 3.1"
    fields[#fields + 1] = "X-Spam-Score: " .. r:below(50) / 10
    fields[#fields + 1] = "MIME-Version: 1.0"
    return table.concat(fields, "\n") .. "\n"
end

local function plain_part(r)
    local kind, lines = r:below(6), 10 + r:below(60)
    if kind <= 2 then
        return "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" .. text(r, lines, true)
    elseif kind == 3 then
        return "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
            .. quoted_printable(latin1(text(r, lines, true)))
    end
    return "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n\n" .. text(r, lines, false)
end

local function html_part(r)
    return "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        .. quoted_printable(html(r, 5 + r:below(30)))
end

local function multipart(kind, number, parts)
    local boundary = ("=_%s_%d"):format(kind, number)
    return ("Content-Type: multipart/%s; boundary=\"%s\"\n\n--%s\n%s--%s--\n"):format(kind, boundary, boundary,
        table.concat(parts, ("\n--%s\n"):format(boundary)) .. "\n", boundary)
end

local function alternative(r, number)
    return multipart("alternative", number, { plain_part(r), html_part(r) })
end

local function attachment(r)
    local name = r:pick { "report.pdf", "table.xlsx", "photo.jpg", "archive.zip" }
    return ("Content-Type: application/octet-stream; name=\"%s\"\nContent-Transfer-Encoding: base64\n"
        .. "Content-Disposition: attachment; filename=\"%s\"\n\n%s"):format(name, name,
        attachment_lines(r, 2000 + r:below(r:below(4) == 1 and 98000 or 20000)))
end

local function mixed(r, number)
    local parts = { r:below(2) == 1 and plain_part(r) or alternative(r, number) }
    for i = 1, r:below(6) == 1 and 3 or 1 do
        parts[i + 1] = attachment(r)
    end
    return multipart("mixed", number, parts)
end

local function related(r, number)
    return multipart("related", number, { html_part(r),
        ("Content-Type: image/png\nContent-Transfer-Encoding: base64\nContent-ID: <image%d@example.org>\n"
            .. "Content-Disposition: inline\n\n%s"):format(number, attachment_lines(r, 3000 + r:below(20000))) })
end

local function body(r, number)
    local kind = r:below(100)
    if kind <= 46 then
        return plain_part(r)
    elseif kind <= 80 then
        return alternative(r, number)
    elseif kind <= 96 then
        return mixed(r, number)
    elseif kind <= 99 then
        return related(r, number)
    end
    return multipart("mixed", number, { plain_part(r),
        "Content-Type: message/rfc822\n\n" .. header(r, number) .. alternative(r, number + 1) })
end

--- Writes an mbox file of `count` messages.
-- @return its size in bytes
function mail.write(path, count)
    local r, file = new_random(2024), assert(io.open(path, "wb"))
    for number = 1, count do
        assert(file:write("From bounce", number, "@example.org Sat Jan  3 01:05:34 2026\n"))
        assert(file:write(header(r, number), body(r, number), "\n"))
    end
    local size = file:seek()
    assert(file:close())
    return size
end

return mail
