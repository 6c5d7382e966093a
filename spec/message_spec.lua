--- Messages: saving, place, sender, date, bodies made from each other, recipients.
local mapi = require "mapi"
local support = require "spec.support"

describe("a message", function()
    local session, store, inbox, message

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        message = assert(inbox:new_message { subject = "x" })
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function reopen()
        assert(message:save())
        return assert(store:open(message:entryid()))
    end

    it("is in its folder once it is saved", function()
        assert.equal(0, inbox:count())
        assert.is_true(message:save())
        assert.equal(1, inbox:count())
        local folder <close> = assert(message:folder())
        assert.equal(inbox:entryid(), folder:entryid())
        assert.equal("Inbox", folder:path())
    end)

    -- It used to name the folder that it was opened in.
    it("is where it was moved to, and stays there when it is saved", function()
        assert(message:save())
        local work = assert(inbox:create "Work")
        local open = assert(store:open(message:entryid()))
        assert.is_true(inbox:move_messages(message, work))
        for _, each in ipairs { message, open } do
            local folder <close> = assert(each:folder())
            assert.equal("Inbox/Work", folder:path())
            assert.equal(work:entryid(), each:get "parent_entryid")
        end
        assert.is_true(message:set("subject", "moved"))
        assert.is_true(message:save())
        assert.equal(work:entryid(), message:get "parent_entryid")
        assert.equal(0, inbox:count())
        assert.equal(1, work:count())
        local other <close> = assert(session:open_store { write = true })
        assert.is_true(other:folder("Inbox/Work"):move_messages(message, other:outbox()))
        assert.equal("Outbox", message:folder():path())
        assert.is_true(message:set("subject", "moved again"))
        assert.is_true(message:save())
        assert.equal("Outbox", message:folder():path())
        assert.equal(0, work:count())
    end)

    it("is nowhere when it is closed unsaved", function()
        message:close()
        assert.equal(0, inbox:count())
        support.raises("attempt to use a closed message", message.save, message)
        assert.is_true(message:close())
    end)

    it("can be changed and saved again", function()
        local again <close> = reopen()
        assert.is_true(again:set("subject", "y"))
        assert.is_true(again:save())
        local third <close> = assert(store:open(message:entryid()))
        assert.equal("y", third:get "subject")
    end)

    it("discards what was not saved", function()
        local again = reopen()
        assert.is_true(again:set("subject", "y"))
        again:close()
        local third <close> = assert(store:open(message:entryid()))
        assert.equal("x", third:get "subject")
    end)

    it("tells who it is from", function()
        support.fails("message:from", "MAPI_E_NOT_FOUND", message:from())
        message:set { sender_name = "Secretary", sender_email_address = "secretary@example.com" }
        assert.same({ name = "Secretary", address = "secretary@example.com" }, message:from())
        message:set { sent_representing_name = "Boß", sent_representing_email_address = "boss@example.com" }
        assert.same({ name = "Boß", address = "boss@example.com" }, message:from())
        message:delete_props "sent_representing_name"
        assert.same({ address = "boss@example.com" }, message:from())
    end)

    it("tells when it was sent, else when it came", function()
        message:delete_props { "client_submit_time", "message_delivery_time" }
        message:set("message_delivery_time", 1700000001)
        assert.equal(1700000001, message:date())
        message:set("client_submit_time", 1700000000)
        assert.equal(1700000000, message:date())
    end)

    it("has no header text unless it came as mail", function()
        support.fails("message:headers", "MAPI_E_NOT_FOUND", message:headers())
    end)

    it("makes text of HTML", function()
        message:set { html = "<p>Gr&uuml;&szlig;e</p><p>zwei<br>drei</p><script>x()</script>", internet_cpid = 65001 }
        local again <close> = reopen()
        assert.equal("Grüße\n\nzwei\ndrei", again:text())
        assert.equal("<p>Gr&uuml;&szlig;e</p><p>zwei<br>drei</p><script>x()</script>", again:html())
    end)

    it("makes HTML of text", function()
        message:set { body = "Hi <you>,\n\n  & \"bye\"" }
        local again <close> = reopen()
        assert.equal("Hi <you>,\n\n  & \"bye\"", again:text())
        local html = again:html()
        assert.truthy(html:find("Hi &lt;you&gt;,<br>", 1, true))
        assert.falsy(html:find("<you>", 1, true))
    end)

    it("reads HTML in the code page it is in", function()
        message:set { html = "Gr\xfc\xdfe \x80", internet_cpid = 1252 }
        assert.equal("Grüße €", message:html())
        assert.equal("Grüße €", message:text())
        message:set { html = "Gr\xc3\xbc\xc3\x9fe", internet_cpid = 65001 }
        assert.equal("Grüße", message:html())
        message:set { html = "bad \xff utf-8", internet_cpid = 65001 }
        assert.equal("bad \u{FFFD} utf-8", message:html())
    end)

    -- What was in any other code page than these two came out as Latin-1.
    it("reads HTML in any code page that mail knows", function()
        local cases = {
            { 1251, "\xCF\xF0\xE8\xE2\xE5\xF2", "Привет" }, { 1253, "\xE1\xE2\xE3", "αβγ" }, { 20866, "\xF0", "П" },
            { 932, "\x82\xA0\x5C", "あ\\" }, { 50220, "\27$B$\"\27(B", "あ" }, { 936, "\xC4\xE3", "你" },
            { 950, "\xA7\x41", "你" }, { 949, "\xB3\xAA", "나" }, { 28605, "\xA4", "€" }, { 20127, "\xE4", "ä" },
            { 1200, "a\0\x3D\xD8\x00\xDE", "a😀" }, { 65000, "+AOQ-", "ä" },
            { 1251, "\x98", "\u{FFFD}" }, { 99999, "\xE4", "ä" }, { -1, "\xE4", "ä" },
        }
        for _, case in ipairs(cases) do
            assert(message:set { html = case[2], internet_cpid = case[1] })
            assert.equal(case[3], message:html(), case[1])
            assert.equal(case[3], message:text(), case[1])
        end
        local long = ("Привет, 😀 "):rep(5000)
        assert(message:set { html = long:gsub(utf8.charpattern, function(char)
            local code = utf8.codepoint(char)
            if code < 0x10000 then
                return string.pack("<I2", code)
            end
            return string.pack("<I2I2", 0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code & 0x3FF))
        end), internet_cpid = 1200 })
        assert.truthy(message:html() == long)
    end)

    -- It was said to have no body, and to a script that was a message with nothing in it.
    describe("whose body is RTF", function()
        -- Compressed RTF that is not compressed: sizes, "MELA", a checksum that nobody looks at, the RTF.
        local function rtf(text)
            return string.pack("<I4I4c4I4", #text + 12, #text, "MELA", 0) .. text
        end

        it("gives its text, and HTML made of that", function()
            assert(message:set("rtf_compressed", rtf [[{\rtf1\ansi Hi <you>,\par second line}]]))
            assert.matches("^Hi <you>,\r?\nsecond line", message:text())
            assert.truthy(message:html():find("Hi &lt;you&gt;,", 1, true))
        end)

        it("gives the HTML it was made of, and text made of that", function()
            assert(message:set("rtf_compressed", rtf([[{\rtf1\ansi\fromhtml1 {\*\htmltag <p>}one {\*\htmltag <b>}]]
                .. [[two{\*\htmltag </b>}{\*\htmltag </p>}}]])))
            assert.truthy(message:html():find("<p>one <b>two</b></p>", 1, true))
            assert.equal("one two", message:text())
            assert(message:set("body", "as text"))
            assert.equal("as text", message:text())
            assert.truthy(message:html():find("<p>one <b>two</b></p>", 1, true))
        end)

        it("says that it is damaged, unless there is another", function()
            assert(message:set("rtf_compressed", "bytes"))
            support.fails("message:text", "MAPI_E_CORRUPT_DATA", message:text())
            support.fails("message:html", "MAPI_E_CORRUPT_DATA", message:html())
            assert(message:set("body", "text"))
            assert.equal("text", message:text())
            assert.truthy(message:html():find("text", 1, true))
        end)
    end)

    it("has no body where it has none", function()
        support.fails("message:text", "MAPI_E_NOT_FOUND", message:text())
        support.fails("message:html", "MAPI_E_NOT_FOUND", message:html())
    end)

    it("keeps recipients in order", function()
        local recipients = {
            { type = "to", name = "Ämter", address = "offices@example.com" },
            { type = "cc", name = "Front Desk", address = "desk@example.com" },
            { type = "bcc", name = "Caretaker", address = "caretaker@example.com" },
            { type = "to", name = "No address" },
        }
        assert.same({}, message:recipients())
        assert.is_true(message:set_recipients(recipients))
        assert.same(recipients, message:recipients())
        local again <close> = reopen()
        assert.same(recipients, again:recipients())
        assert.equal("Ämter; No address", again:get "display_to")
        assert.equal("Front Desk", again:get "display_cc")
        assert.is_true(again:set_recipients { { address = "loans@example.com" } })
        assert.same({ { type = "to", name = "loans@example.com", address = "loans@example.com" } }, again:recipients())
        assert.is_true(again:set_recipients {})
        assert.same({}, again:recipients())
    end)

    it("refuses recipients that are none", function()
        support.raises("table expected", message.set_recipients, message)
        support.raises("recipient 1: a table expected", message.set_recipients, message, { "x" })
        support.raises("recipient 2: a name or an address expected", message.set_recipients, message,
            { { name = "x" }, { type = "to" } })
        support.raises("recipient 1: type must be", message.set_recipients, message, { { name = "x", type = "from" } })
        support.raises("unknown field 'adress'", message.set_recipients, message, { { adress = "x" } })
        support.raises("recipient 1: name must be a string", message.set_recipients, message, { { name = 1 } })
        support.raises("NUL", message.set_recipients, message, { { name = "a\0b" } })
        support.raises("UTF-8", message.set_recipients, message, { { address = "\xff" } })
        assert.same({}, message:recipients())
    end)

    it("takes a thousand recipients", function()
        local many = {}
        for i = 1, 1000 do
            many[i] = { type = "to", name = "n" .. i, address = i .. "@example.com" }
        end
        assert.is_true(message:set_recipients(many))
        local again <close> = reopen()
        assert.same(many, again:recipients())
    end)

    -- README.md: it checks the recipients, marks the message and leaves it in the store; nothing sends it yet.
    it("waits to be sent once it is submitted", function()
        support.fails("message:submit", "MAPI_E_NO_RECIPIENTS", message:submit())
        assert.equal(0, inbox:count())
        assert(message:set_recipients { { name = "Reading Room", address = "room@example.org" } })
        assert.is_true(message:submit())
        assert.equal(1, inbox:count())
        for waiting in inbox:messages() do
            assert.equal(4, waiting:get "message_flags" & 4) -- MSGFLAG_SUBMIT
            assert.equal("number", type(waiting:get "client_submit_time"))
            support.fails("message:set", "MAPI_E_NO_ACCESS", waiting:set("subject", "y"))
        end
    end)

    it("gives its properties as streams", function()
        message:set("PS_PUBLIC_STRINGS:b;binary", "0123456789")
        do
            local stream <close> = assert(message:stream "PS_PUBLIC_STRINGS:b;binary")
            assert.equal("stream", mapi.type(stream))
            assert.equal(10, stream:size())
            assert.equal("012", stream:read(3))
            assert.equal(3, stream:seek())
            assert.equal(8, stream:seek("end", -2))
            assert.equal("89", stream:read "a")
            assert.is_nil(stream:read(1))
            assert.equal("", stream:read "a")
        end
        do
            local stream <close> = assert(message:stream("PS_PUBLIC_STRINGS:b;binary", "w"))
            assert.is_true(stream:write "abc")
            assert.is_true(stream:write(("x"):rep(100000)))
            assert.is_true(stream:commit())
        end
        local again <close> = reopen()
        assert.truthy(again:get "PS_PUBLIC_STRINGS:b" == "abc" .. ("x"):rep(100000))
        support.fails("message:stream", "MAPI_E_INTERFACE_NOT_SUPPORTED", message:stream "importance")
        support.raises("invalid option", message.stream, message, "body", "x")
    end)

    -- One recipient that was not in an array was an empty array, and removed all there were.
    it("wants its recipients in an array", function()
        assert(message:set_recipients { { address = "a@example.com" } })
        support.raises("an array of recipients expected", message.set_recipients, message,
            { name = "Front Desk", address = "desk@example.com" })
        assert.equal(1, #message:recipients())
    end)

    -- What recipients() had given, set_recipients refused.
    it("takes the recipients that another one has", function()
        local given = {
            { type = "to", name = "Front Desk", address = "desk@example.com" },
            { type = "cc", name = "Switchboard", address = "/o=example/cn=switchboard", address_type = "EX" },
            { type = "bcc", name = "Somebody" },
            { type = "orig", name = "orig@example.com", address = "orig@example.com" },
        }
        assert.is_true(message:set_recipients(given))
        local again <close> = reopen()
        assert.same(given, again:recipients())
        local copy <close> = assert(inbox:new_message())
        assert.is_true(copy:set_recipients(again:recipients()))
        assert.same(given, copy:recipients())
        support.raises("a name or an address expected", copy.set_recipients, copy, { { name = "", address = "" } })
        support.raises("unknown field 'addres'", copy.set_recipients, copy, { { addres = "x" } })
        support.raises('"to", "cc", "bcc" or "orig"', copy.set_recipients, copy, { { type = "To", address = "x" } })
        assert.same(given, copy:recipients())
    end)

    it("is not saved over what somebody else has saved", function()
        assert(message:save())
        local mine <close> = assert(store:open(message:entryid()))
        assert(mine:set("subject", "mine"))
        assert(message:set("subject", "theirs"))
        assert(message:save())
        local text = support.fails("message:save", "MAPI_E_OBJECT_CHANGED", mine:save())
        assert.truthy(text:find("open it again", 1, true))
        local again <close> = assert(store:open(message:entryid()))
        assert.equal("theirs", again:get "subject")
    end)

    it("says that it has no entry id before it is saved", function()
        local text = support.fails("message:entryid", "MAPI_E_NOT_FOUND", message:entryid())
        assert.truthy(text:find("when it is saved", 1, true))
    end)

    it("closes what was opened through it", function()
        assert(message:attach { name = "a.txt", data = "x" }):close()
        local attachment
        for each in message:attachments() do
            attachment = each
        end
        message:close()
        assert.equal("closed attachment", mapi.type(attachment))
    end)

    it("shows its subject", function()
        assert.truthy(tostring(message):find("mapi.message: x", 1, true))
        message:close()
        assert.equal("mapi.message (closed)", tostring(message))
    end)
    -- "w" made a property, but not one whose name nobody had used before.
    it("is written to as a stream under a new name", function()
        local new <close> = assert(inbox:new_message())
        local name = "PS_PUBLIC_STRINGS:written " .. os.time() .. ";binary"
        support.fails("message:stream", "MAPI_E_NOT_FOUND", new:stream(name))
        local stream <close> = assert(new:stream(name, "w"))
        assert(stream:write "\0bytes")
        assert(stream:commit())
        assert.equal("\0bytes", new:get(name))
    end)

end)
