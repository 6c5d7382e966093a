--- Bodies of messages: HTML to text, text to HTML, bytes of a code page to UTF-8.
-- What `message:text()` and `message:html()` use where a message has only the other body. Loaded when first needed.
-- @module mapi.bodies

local entities = require "mapi.entities"

local bodies = {}

local REPLACEMENT = "\u{FFFD}"

-- ----------------------------------------------------------------------------------------------------- code pages

local function codepoint1252(byte)
    local code = byte:byte()
    return utf8.char(code >= 0xA0 and code or entities.windows1252[code - 0x7F] or 0xFFFD)
end

--- Valid UTF-8 as it is; else every byte that belongs to no character becomes U+FFFD.
local function repair(bytes)
    local _, bad = utf8.len(bytes)
    if not bad then
        return bytes
    end
    local pieces, from = {}, 1
    while bad do
        pieces[#pieces + 1] = bytes:sub(from, bad - 1)
        pieces[#pieces + 1] = REPLACEMENT
        from = bad + 1
        _, bad = utf8.len(bytes, from)
    end
    pieces[#pieces + 1] = bytes:sub(from)
    return table.concat(pieces)
end

--- Turns a body's bytes into UTF-8.
-- @param bytes     the body
-- @param codepage  the number of its code page (PR_INTERNET_CPID), 0 where it is not known
-- @return the body; what is neither UTF-8 nor Windows-1252 is taken for the one of the two that it can be
function bodies.decode(bytes, codepage)
    if codepage == 65001 then
        return repair(bytes)
    elseif codepage ~= 1252 and codepage ~= 28591 and utf8.len(bytes) then
        return bytes
    end
    -- Latin-1 is read as Windows-1252, as every browser does.
    return (bytes:gsub("[\x80-\xFF]", codepoint1252))
end

-- ---------------------------------------------------------------------------------------------------- HTML to text

local function number_reference(code)
    if not code or code == 0 or code > 0x10FFFF or code >= 0xD800 and code <= 0xDFFF then
        return REPLACEMENT
    elseif code >= 0x80 and code <= 0x9F then
        code = entities.windows1252[code - 0x7F] or code
    end
    return utf8.char(code)
end

--- Replaces character references; one that nobody knows stays as it is.
local function unescape(text)
    return (text:gsub("(&(#?)(%w+)(;?))", function(whole, hash, name, semicolon)
        if hash == "" then
            local known = entities.named[name]
            return known and (semicolon ~= "" or entities.bare[name]) and known or whole
        end
        local hex = name:match "^[xX](%x+)$"
        local digits = hex or name:match "^%d+$"
        if not digits then
            return whole
        end
        -- More digits than any character has: not worth a number that does not fit.
        return number_reference(#digits <= 8 and tonumber(digits, hex and 16 or 10) or nil)
    end))
end

--- How many line breaks an element puts before and behind itself.
local breaks = {
    p = 2, h1 = 2, h2 = 2, h3 = 2, h4 = 2, h5 = 2, h6 = 2, ul = 2, ol = 2, dl = 2, table = 2, blockquote = 2, pre = 2,
    div = 1, tr = 1, li = 1, dt = 1, dd = 1, hr = 1, form = 1, center = 1, address = 1, section = 1, article = 1,
    header = 1, footer = 1, main = 1, nav = 1, aside = 1, figure = 1, figcaption = 1, caption = 1, body = 1, html = 1,
    fieldset = 1, legend = 1, option = 1, title = 1,
}

--- Elements whose content is no text.
local unseen = { script = true, style = true, head = true, template = true, object = true, noframes = true }

--- A text that grows: white space collapses, line breaks are counted and never more than asked for.
local Writer = {}
Writer.__index = Writer

local function new_writer()
    return setmetatable({ pieces = {}, lines = 0, space = false, empty = true, pre = 0 }, Writer)
end

--- At least `count` line breaks before whatever comes next.
function Writer:line(count)
    self.lines = math.max(self.lines, count)
    self.space = false
end

--- One more line break: <br>.
function Writer:br()
    self.lines = self.lines + 1
    self.space = false
end

function Writer:put(text)
    if text == "" then
        return
    end
    if self.empty then
        self.empty = false
    elseif self.lines > 0 then
        self.pieces[#self.pieces + 1] = ("\n"):rep(self.lines)
    elseif self.space then
        self.pieces[#self.pieces + 1] = " "
    end
    self.lines, self.space = 0, false
    self.pieces[#self.pieces + 1] = text
end

function Writer:text(source)
    if self.pre > 0 then
        local text = source:gsub("\r\n?", "\n")
        self:put(unescape(text))
        return
    end
    local text = source:gsub("[ \t\r\n\f]+", " ")
    if text:sub(1, 1) == " " then
        self.space = self.lines == 0 and not self.empty
        text = text:sub(2)
    end
    local trailing = text:sub(-1) == " "
    self:put(unescape(trailing and text:sub(1, -2) or text))
    self.space = self.space or trailing and self.lines == 0 and not self.empty
end

function Writer:tag(name, closing)
    if name == "br" then
        self:br()
    elseif name == "hr" then
        self:line(1)
        self:put(("-"):rep(40))
        self:line(1)
    elseif name == "td" or name == "th" then
        if not closing then
            self.space = self.lines == 0 and not self.empty
        end
    elseif name == "li" and not closing then
        self:line(1)
        self:put "- "
    elseif breaks[name] then
        self:line(breaks[name])
    end
    if name == "pre" or name == "textarea" then
        self.pre = math.max(0, self.pre + (closing and -1 or 1))
    end
end

--- A search that remembers that there is nothing more to be found, so that hostile text cannot make it start over and
-- over.
local function finder(text)
    local exhausted = {}
    return function(what, from)
        if exhausted[what] then
            return nil
        end
        local at, last = text:find(what, from, true)
        exhausted[what] = not at
        return at, last
    end
end

--- Where the tag that begins at `from` ends: the first > outside quotes, else the first > at all.
local function tag_end(html, find, from)
    local at = from
    while true do
        local mark = html:match('^[^>"\']*()', at)
        local char = html:sub(mark, mark)
        if char == ">" then
            return mark
        elseif char == "" then
            return (find(">", from))
        end
        local quote = find(char, mark + 1)
        if not quote then
            return (find(">", from))
        end
        at = quote + 1
    end
end

--- Reads the text of HTML: tags away, scripts and styles with what is in them, block elements as lines, references
-- resolved.
-- Lines end in "\n".
-- @param html  UTF-8
-- @return UTF-8
function bodies.to_text(html)
    local writer, lower = new_writer(), html:lower()
    local find, find_lower = finder(html), finder(lower)
    local at, length = 1, #html

    while at <= length do
        local open = find("<", at) or length + 1
        if open > at then
            writer:text(html:sub(at, open - 1))
        end
        if open > length then
            break
        end
        local slash, name = lower:match("^<(/?)(%a[%w:-]*)", open)
        if name then
            local close = tag_end(html, find, open + 1) or length
            writer:tag(name, slash == "/")
            at = close + 1
            if unseen[name] and slash == "" and html:sub(close - 1, close - 1) ~= "/" then
                local behind = find_lower("</" .. name, at)
                at = behind or (name == "head" and at or length + 1)
            end
        elseif html:find("^<!%-%-", open) then
            local _, close = find("-->", open + 4)
            at = (close or find(">", open) or length) + 1
        elseif html:find("^<[!?/]", open) then
            at = (find(">", open) or length) + 1
        else
            writer:text "<"
            at = open + 1
        end
    end
    -- No-break spaces have kept words apart and indented lines; in text a plain one does.
    local text = table.concat(writer.pieces):gsub("\u{A0}", " "):gsub("\u{AD}", "")
    -- Blanks at the ends of lines, and lines at the end. A pattern that begins with a repetition would start over at
    -- each of a thousand blanks.
    text = text:gsub("[^\n]+", function(line) return line:match "^(.*[^ \t])" or "" end)
    return text:match "^(.*[^ \t\n])" or ""
end

-- ---------------------------------------------------------------------------------------------------- text to HTML

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

--- Shows text as HTML: everything escaped, lines and runs of blanks kept.
-- @param text  UTF-8
-- @return an HTML document in UTF-8
function bodies.to_html(text)
    local body = text:gsub("\r\n?", "\n"):gsub('[&<>"]', escapes):gsub("\t", "    "):gsub("  ", " &nbsp;")
    body = body:gsub("\n ", "\n&nbsp;"):gsub("^ ", "&nbsp;"):gsub("\n", "<br>\n")
    return '<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8"></head>\n<body>\n' .. body .. "\n</body>\n</html>\n"
end

return bodies
