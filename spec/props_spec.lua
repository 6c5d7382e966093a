--- get, set, props and delete_props: names, types, values of every kind, large values.
local support = require "spec.support"

describe("properties", function()
    local session, message, inbox

    before_each(function()
        session = support.logon()
        inbox = assert(session:open_store({ write = true }):inbox())
        message = assert(inbox:new_message {})
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    -- Saves, opens again and gives the value that was stored.
    local function stored(name, options)
        assert(message:save())
        local again <close> = assert(session:open_store({}):open(message:entryid()))
        return again:get(name, options)
    end

    it("are named in three ways, or by tag", function()
        assert.is_true(message:set("subject", "Grüße €😀"))
        for _, name in ipairs { "subject", "PR_SUBJECT", "PR_SUBJECT_W", "PidTagSubject", 0x0037001F } do
            assert.equal("Grüße €😀", message:get(name))
        end
        support.raises("unknown property 'subjekt'", message.get, message, "subjekt")
        support.raises("unknown property 'subjekt'", message.set, message, "subjekt", 1)
        support.raises("property name or tag expected, got boolean", message.get, message, true)
        support.raises("not a property tag", message.get, message, 12)
        support.raises("not a property tag", message.get, message, 1.5)
        support.raises("NUL", message.get, message, "sub\0ject")
    end)

    it("answer nil and NOT_FOUND where they are absent", function()
        local text = support.fails("message:get", "MAPI_E_NOT_FOUND", message:get "in_reply_to_id")
        assert.truthy(text:find("in_reply_to_id", 1, true))
        support.fails("message:get", "MAPI_E_NOT_FOUND", message:get "PS_PUBLIC_STRINGS:Nobody knows")
    end)

    it("are read many at once, keyed as written", function()
        message:set { subject = "s", importance = 2 }
        assert.same({ PR_SUBJECT = "s", importance = 2 },
            message:get { "PR_SUBJECT", "importance", "in_reply_to_id", "PS_PUBLIC_STRINGS:Nobody knows" })
        assert.same({}, message:get {})
        support.raises("unknown property 'x'", message.get, message, { "subject", "x" })
    end)

    local guid = "{00062008-0000-0000-C000-000000000046}"
    local values = {
        { "boolean true", "PS_PUBLIC_STRINGS:a;boolean", true },
        { "boolean false", "PS_PUBLIC_STRINGS:b;boolean", false },
        { "i2", "PS_PUBLIC_STRINGS:c;i2", -32768 },
        { "long", "PS_PUBLIC_STRINGS:d;long", -2147483648 },
        { "i8", "PS_PUBLIC_STRINGS:e;i8", math.mininteger },
        { "i8", "PS_PUBLIC_STRINGS:e2;i8", math.maxinteger },
        { "r4", "PS_PUBLIC_STRINGS:f;r4", 0.5 },
        { "double", "PS_PUBLIC_STRINGS:g;double", -1e300 },
        { "apptime", "PS_PUBLIC_STRINGS:h;apptime", 44000.25 },
        { "currency", "PS_PUBLIC_STRINGS:i;currency", 123456789 },
        { "systime", "PS_PUBLIC_STRINGS:j;systime", 1700000000 },
        { "systime before 1970", "PS_PUBLIC_STRINGS:k;systime", -11644473600 },
        { "clsid", "PS_PUBLIC_STRINGS:l;clsid", guid },
        { "unicode", "PS_PUBLIC_STRINGS:m;unicode", "Grüße €😀" },
        { "empty unicode", "PS_PUBLIC_STRINGS:n;unicode", "" },
        { "binary", "PS_PUBLIC_STRINGS:o;binary", "\0\1\xff\0" },
        { "empty binary", "PS_PUBLIC_STRINGS:p;binary", "" },
        { "mv_i2", "PS_PUBLIC_STRINGS:q;mv_i2", { 1, -2, 3 } },
        { "mv_long", "PS_PUBLIC_STRINGS:r;mv_long", { 1, -2, 2147483647 } },
        { "mv_i8", "PS_PUBLIC_STRINGS:s;mv_i8", { math.mininteger, 0 } },
        { "mv_r4", "PS_PUBLIC_STRINGS:t;mv_r4", { 0.5, -0.25 } },
        { "mv_double", "PS_PUBLIC_STRINGS:u;mv_double", { 0.5, 1e300 } },
        { "mv_currency", "PS_PUBLIC_STRINGS:v;mv_currency", { 1, -1 } },
        { "mv_apptime", "PS_PUBLIC_STRINGS:w;mv_apptime", { 1.5 } },
        { "mv_systime", "PS_PUBLIC_STRINGS:x;mv_systime", { 0, 1700000000 } },
        { "mv_clsid", "PS_PUBLIC_STRINGS:y;mv_clsid", { guid, guid } },
        { "mv_binary", "PS_PUBLIC_STRINGS:z;mv_binary", { "a\0b", "", "c" } },
        { "mv_unicode", "PS_PUBLIC_STRINGS:Keywords;mv_unicode", { "rot", "grün", "" } },
        { "by number", "PSETID_Common:0x8580;unicode", "x" },
        { "by number, other set", "{00062004-0000-0000-C000-000000000046}:0x8580;unicode", "y" },
    }

    for _, case in ipairs(values) do
        it("keep a value of type " .. case[1], function()
            assert.is_true(message:set(case[2], case[3]))
            assert.same(case[3], (message:get(case[2])))
            assert.same(case[3], (stored(case[2])))
            -- The type need not be said again.
            assert.same(case[3], (message:get((case[2]:gsub(";.*", "")))))
        end)
    end

    it("take the type that fits where none is said", function()
        local cases = { a = true, b = 12, c = 1 << 40, d = 1.5, e = "text", f = { 1, 2 }, g = { 1, 1 << 40 },
                        h = { "x", "y" }, i = { 1, 1.5 } }
        local types = { a = "boolean", b = "long", c = "i8", d = "double", e = "unicode", f = "mv_long", g = "mv_i8",
                        h = "mv_unicode", i = "mv_double" }
        for name, value in pairs(cases) do
            assert.is_true(message:set("PS_PUBLIC_STRINGS:fit " .. name, value))
        end
        for name, value in pairs(cases) do
            assert.same(value, (message:get("PS_PUBLIC_STRINGS:fit " .. name .. ";" .. types[name])))
        end
        -- What is stored keeps its type.
        assert.is_true(message:set("PS_PUBLIC_STRINGS:fit d", 2))
        assert.equal("float", math.type((message:get "PS_PUBLIC_STRINGS:fit d")))
        support.raises("wants a number, not string", message.set, message, "PS_PUBLIC_STRINGS:fit d", "2")
    end)

    it("round times down, and tell the ticks when asked", function()
        local ticks = (1700000000 + 11644473600) * 10000000 + 9999999
        assert.is_true(message:set("client_submit_time", ticks, { exact = true }))
        assert.equal(1700000000, (stored "client_submit_time"))
        assert.equal(ticks, (stored("client_submit_time", { exact = true })))
        local before = (-5 + 11644473600) * 10000000 + 1
        assert.is_true(message:set("client_submit_time", before, { exact = true }))
        assert.equal(-5, (message:get "client_submit_time"))
    end)

    it("refuse values that do not fit", function()
        local cases = {
            { "subject", 12, "wants a string, not number" },
            { "subject", "a\0b", "NUL" },
            { "subject", "\xff", "UTF-8" },
            { "subject", { "x" }, "wants a string, not table" },
            { "importance", "2", "wants an integer of 32 bits, not string" },
            { "importance", 1.5, "wants an integer of 32 bits" },
            { "importance", 1 << 40, "out of range" },
            { "client_submit_time", 1.5, "integer of Unix seconds" },
            { "client_submit_time", -1 << 60, "out of range" },
            { "client_submit_time", math.maxinteger, "out of range" },
            { "read_receipt_requested", 1, "wants a boolean, not number" },
            { "conversation_index", 12, "wants a string, not number" },
            { "PS_PUBLIC_STRINGS:Keywords;mv_unicode", {}, "at least one value" },
            { "PS_PUBLIC_STRINGS:Keywords;mv_unicode", "x", "wants an array, not string" },
            { "PS_PUBLIC_STRINGS:Keywords;mv_unicode", { "x", 1 }, "wants a string, not number" },
            { "PS_PUBLIC_STRINGS:g;clsid", "00062008", "a GUID" },
            { "PS_PUBLIC_STRINGS:new", print, "wants a boolean, a number" },
            { "PS_PUBLIC_STRINGS:new", {}, "wants a boolean, a number" },
            { "PS_PUBLIC_STRINGS:new;integer", 1, "unknown property type" },
            { "PS_PUBLIC_STRINGS:new;mv_boolean", { true }, "unknown property type" },
            { "PS_UNKNOWN:x", 1, "unknown property set" },
            { "PS_PUBLIC_STRINGS:", 1, "no name" },
            { "PS_PUBLIC_STRINGS:;long", 1, "no name" },
            { "message_recipients", 1, "cannot be given" },
        }
        for _, case in ipairs(cases) do
            support.raises(case[3], message.set, message, case[1], case[2])
        end
        support.raises("value expected", message.set, message, "subject")
        support.raises("value expected", message.set, message, "subject", nil)
        support.raises("no value expected", message.set, message, { subject = "x" }, 1)
        support.raises("unknown option 'exakt'", message.get, message, "subject", { exakt = true })
    end)

    -- 32768 was stored as -32768, 2 ^ 200 as infinity.
    it("refuse numbers that their type cannot hold, and name the property and the range", function()
        local cases = {
            { "i2", { -32768, -1, 32767 }, { -32769, 32768, 65535, math.maxinteger }, "-32768 to 32767" },
            { "long", { -2147483648, 2147483647 }, { -2147483649, 4294967296 }, "-2147483648 to 4294967295" },
            { "r4", { 2.0 ^ 127, -(2.0 ^ 127), math.huge, -math.huge }, { 2.0 ^ 128, -1e39, 1e308 },
                "-3.4028235e+38 to 3.4028235e+38" },
            { "i8", { math.mininteger, math.maxinteger }, {} },
            { "currency", { math.mininteger, math.maxinteger }, {} },
        }
        for _, case in ipairs(cases) do
            local type, good, bad, range = table.unpack(case)
            local one, many = "PS_PUBLIC_STRINGS:n " .. type, "PS_PUBLIC_STRINGS:m " .. type
            for _, value in ipairs(good) do
                assert.is_true(message:set(one .. ";" .. type, value))
                assert.equal(value, (message:get(one)))
            end
            assert.is_true(message:set(many .. ";mv_" .. type, good))
            for _, value in ipairs(bad) do
                support.raises("property '" .. one .. ";" .. type .. "' wants", message.set, message,
                    one .. ";" .. type, value)
                support.raises(range .. "; this value is out of range", message.set, message, one .. ";" .. type, value)
                support.raises(range, message.set, message, many .. ";mv_" .. type, { value })
                support.raises(range, inbox.rows, inbox, { where = { one .. ";" .. type, "=", value } })
            end
            assert.equal(good[#good], (message:get(one)))
            assert.same(good, (message:get(many)))
        end
        local nan = "PS_PUBLIC_STRINGS:nan;r4"
        assert.is_true(message:set(nan, 0 / 0))
        assert.is_true(message:get(nan) ~= message:get(nan))
    end)

    it("take colors, flags and tags as they are written, unsigned", function()
        assert.is_true(message:set("PS_PUBLIC_STRINGS:color;long", 0xFF8000FF))
        assert.equal(0xFF8000FF, (message:get "PS_PUBLIC_STRINGS:color") & 0xFFFFFFFF)
    end)

    it("change nothing when one of several does not fit", function()
        assert.is_true(message:set("subject", "before"))
        support.raises("wants an integer", message.set, message, { subject = "after", importance = "x" })
        support.raises("unknown property", message.set, message, { subject = "after", nonsense = "x" })
        assert.equal("before", message:get "subject")
        assert.is_true(message:set {})
    end)

    it("say which property cannot be set", function()
        local text = support.fails("message:set", "MAPI_E_COMPUTED", message:set("entryid", "x"))
        assert.truthy(text:find("property 'entryid'", 1, true))
        text = support.fails("message:set", "MAPI_E_COMPUTED", message:set { subject = "x", [0x0FFF0102] = "x" })
        assert.truthy(text:find("property '0x0FFF0102'", 1, true))
    end)

    it("hold megabytes of text and bytes", function()
        local text, bytes = ("Grüße "):rep(400000), ("\0\1\2\255"):rep(700001)
        assert.is_true(message:set { body = text, ["PS_PUBLIC_STRINGS:big;binary"] = bytes, subject = "small" })
        assert.truthy(message:get "body" == text)
        assert.truthy(message:get "PS_PUBLIC_STRINGS:big;binary" == bytes)
        assert.truthy(stored "body" == text)
        assert.truthy(stored "PS_PUBLIC_STRINGS:big;binary" == bytes)
        local both = message:get { "body", "PS_PUBLIC_STRINGS:big", "subject" }
        assert.truthy(both.body == text and both["PS_PUBLIC_STRINGS:big"] == bytes and both.subject == "small")
        for tag, value in message:props() do
            if tag == 0x1000001F then
                assert.truthy(value == text)
            end
        end
        -- And shrink again.
        assert.is_true(message:set("body", "short"))
        assert.equal("short", (stored "body"))
    end)

    -- They could be set and saved, and not be read again: there is no stream for them.
    it("hold large multi-valued properties", function()
        local numbers, texts = {}, {}
        for i = 1, 100000 do
            numbers[i], texts[i] = i, "text " .. i
        end
        local large = {
            mv_binary = { ("a"):rep(1000000), "", ("b"):rep(70000) }, mv_unicode = texts, mv_long = numbers,
        }
        for type, value in pairs(large) do
            local name = "PS_PUBLIC_STRINGS:large " .. type
            assert.is_true(message:set(name .. ";" .. type, value))
            assert.same(value, (message:get(name)))
            assert.same(value, (stored(name)))
            assert.is_true(message:set(name, { value[1] }))
            assert.same({ value[1] }, (stored(name)))
        end
    end)

    it("hold values around the size where they move into a stream", function()
        for _, length in ipairs { 32767, 32768, 32769, 65535, 65536, 65537 } do
            local text = ("x"):rep(length)
            assert.is_true(message:set { body = text, ["PS_PUBLIC_STRINGS:b;binary"] = text })
            assert.truthy(stored "body" == text, length)
            assert.truthy(stored "PS_PUBLIC_STRINGS:b;binary" == text, length)
        end
    end)

    -- An id with a digit too many, or with a letter that is none, used to become a name.
    it("have ids of 32 bits", function()
        assert.is_true(message:set("PSETID_Common:0xFFFFFFFE;long", 1))
        for _, id in ipairs { "0x1FFFFFFFF", "0x", "0x85G0", "0X85-0" } do
            support.raises("an id is 0x and at most eight", message.get, message, "PSETID_Common:" .. id .. ";long")
        end
    end)

    it("are iterated with their tags", function()
        message:set { subject = "s", importance = 2, ["PS_PUBLIC_STRINGS:k;boolean"] = false }
        local seen, booleans = {}, 0
        for tag, value in message:props() do
            assert.equal("integer", math.type(tag))
            assert.is_nil(seen[tag])
            seen[tag] = value
            booleans = booleans + (tag & 0xFFFF == 0x000B and tag >= 0x80000000 and 1 or 0)
        end
        assert.equal("s", seen[0x0037001F])
        assert.equal(2, seen[0x00170003])
        assert.equal(1, booleans)
    end)

    it("are deleted, also when they are not there", function()
        message:set { subject = "s", importance = 2, body = "b" }
        assert.is_true(message:delete_props "importance")
        support.fails("message:get", "MAPI_E_NOT_FOUND", message:get "in_reply_to_id")
        assert.is_true(message:delete_props { "body", "in_reply_to_id", "PS_PUBLIC_STRINGS:Nobody knows" })
        support.fails("message:get", "MAPI_E_NOT_FOUND", message:get "body")
        support.raises("value expected", message.delete_props, message)
        support.raises("unknown property", message.delete_props, message, { "x" })
    end)

    it("that cannot be deleted are named", function()
        assert.is_true(message:set("subject", "s"))
        local text = support.fails("message:delete_props", "MAPI_E_COMPUTED",
            message:delete_props { "subject", "PR_MESSAGE_SIZE" })
        assert.truthy(text:find("property 'PR_MESSAGE_SIZE'", 1, true))
    end)

    -- get { subject = true } was an empty list, and so was what delete_props was to delete.
    it("are listed in arrays", function()
        support.raises("an array of properties expected", message.get, message, { subject = true })
        support.raises("an array of properties expected", message.delete_props, message, { subject = true })
        support.raises("columns: an array of property names", inbox.rows, inbox, { columns = { subject = true } })
    end)

    it("say until when a time can be", function()
        local last = 910692730085
        assert.is_true(message:set("client_submit_time", last))
        assert.equal(last, (stored "client_submit_time"))
        support.raises("from the year 1601 to 30828", message.set, message, "client_submit_time", last + 1)
    end)

    it("of folders and stores are set at once", function()
        assert.is_true(inbox:set("comment", "Grüße"))
        local same <close> = assert(session:open_store({}):inbox())
        assert.equal("Grüße", same:get "comment")
        local store <close> = assert(session:open_store { write = true })
        assert.is_true(store:set("comment", "a store"))
        assert.equal("a store", store:get "comment")
        assert.is_true(inbox:set("PS_PUBLIC_STRINGS:Colour", "red"))
        assert.equal("red", same:get "PS_PUBLIC_STRINGS:Colour")
        assert.equal("red", inbox:get { "PS_PUBLIC_STRINGS:Colour" }["PS_PUBLIC_STRINGS:Colour"])
    end)
end)
