--- Streams: properties and attachments read and written piece by piece.
local mapi = require "mapi"
local support = require "spec.support"

describe("a stream", function()
    local session, store, inbox, message
    local bytes = "PS_PUBLIC_STRINGS:stream;binary"

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        message = assert(inbox:new_message { subject = "x", [bytes] = "0123456789" })
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function open(mode, name)
        return assert(message:stream(name or bytes, mode))
    end

    it("is opened to be read, changed, or made anew", function()
        local cases = {
            { nil, "0123456789" }, { "r", "0123456789" }, { "r+", "abc3456789", "abc" }, { "w", "abc", "abc" },
        }
        for _, case in ipairs(cases) do
            message:set(bytes, "0123456789")
            do
                local stream <close> = open(case[1])
                if case[3] then
                    assert.is_true(stream:write(case[3]))
                    assert.is_true(stream:commit())
                else
                    support.fails("stream:write", "STG_E_ACCESSDENIED", stream:write "x")
                    assert.is_true(stream:commit())
                end
            end
            assert.equal(case[2], message:get(bytes))
        end
        for _, mode in ipairs { "a", "rb", "", "R", 1 } do
            support.raises("invalid option", message.stream, message, bytes, mode)
        end
    end)

    it("says what it cannot be opened on", function()
        local absent = "PS_PUBLIC_STRINGS:not there"
        for _, mode in ipairs { "r", "r+" } do
            local text = support.fails("message:stream", "MAPI_E_NOT_FOUND", message:stream(absent .. ";binary", mode))
            assert.truthy(text:find(absent, 1, true))
        end
        support.fails("message:stream", "MAPI_E_NOT_FOUND", message:stream(absent, "w"))
        support.fails("message:stream", "MAPI_E_INTERFACE_NOT_SUPPORTED", message:stream "importance")
        support.fails("message:stream", "MAPI_E_INTERFACE_NOT_SUPPORTED", message:stream "message_recipients")
        support.fails("message:stream", "MAPI_E_NO_ACCESS", message:stream("entryid", "w"))
        local reader <close> = assert(session:open_store { write = false })
        assert(message:save())
        local same <close> = assert(reader:open(message:entryid()))
        support.fails("message:stream", "MAPI_E_NO_ACCESS", same:stream(bytes, "w"))
        local stream <close> = assert(same:stream(bytes))
        assert.equal("0123456789", stream:read "a")
    end)

    -- A named property had to be named with its type.
    it("takes the type that is stored", function()
        local stream <close> = open("r", "PS_PUBLIC_STRINGS:stream")
        assert.equal("0123456789", stream:read "a")
    end)

    -- Scripts were given UTF-16, and what they wrote was taken for it.
    it("of a text is UTF-8", function()
        local text = ("Grüße €😀\r\n"):rep(20000)
        message:set("body", text)
        do
            local stream <close> = open("r", "body")
            assert.equal(#text, stream:size())
            local pieces = {}
            repeat
                pieces[#pieces + 1] = stream:read(4093)
            until stream:read(0) == nil
            assert.truthy(table.concat(pieces) == text)
        end
        assert(message:save())
        do
            local again <close> = assert(store:open(message:entryid()))
            local stream <close> = assert(again:stream "body")
            assert.equal(#text, stream:size())
            assert.truthy(stream:read "a" == text)
        end
        do
            local stream <close> = open("w", "body")
            for i = 1, #text, 997 do -- characters in pieces
                assert(stream:write(text:sub(i, i + 996)))
            end
        end
        assert.truthy(message:get "body" == text)
        local stream <close> = open("w", "body")
        support.raises("NUL", stream.write, stream, "a\0b")
        assert(stream:write "\xFF")
        support.fails("stream:commit", "MAPI_E_INVALID_PARAMETER", stream:commit())
        support.fails("stream:close", "MAPI_E_INVALID_PARAMETER", stream:close())
        assert.equal("closed stream", mapi.type(stream))
    end)

    it("reads as a Lua file does", function()
        message:set(bytes, "one\ntwo\n\nlast")
        local stream <close> = open()
        assert.equal("one", stream:read "l")
        assert.equal("two\n", stream:read "L")
        assert.equal("", stream:read "l")
        assert.equal("last", stream:read "l")
        assert.is_nil(stream:read "l")
        assert.is_nil(stream:read(1))
        assert.is_nil(stream:read(0))
        assert.equal("", stream:read "a")
        assert.equal(0, stream:seek "set")
        assert.same({ "on", "e", "two\n\nlast", "" }, { stream:read(2, "*l", "a", "a") })
        assert(stream:seek("set", 9))
        assert.same({ "last", nil, n = 2 }, table.pack(stream:read("l", "l", "l")))
        assert(stream:seek "set")
        assert.equal("", stream:read(0))
        assert.equal("one\ntwo\n\nlast", stream:read())
        assert.equal("", stream:read())
        for _, wrong in ipairs { "n", "x", "" } do
            support.raises("invalid format", stream.read, stream, wrong)
        end
        support.raises("out of range", stream.read, stream, -1)
        support.raises("integer representation", stream.read, stream, 1.5)
    end)

    it("reads lines of any length", function()
        local lines = {}
        for i, length in ipairs { 0, 1, 1022, 1023, 1024, 1025, 65535, 65536, 200000 } do
            lines[i] = ("x"):rep(length)
        end
        message:set(bytes, table.concat(lines, "\n"))
        local stream <close> = open()
        for _, line in ipairs(lines) do
            assert.truthy(stream:read "l" == line, #line)
        end
        assert.is_nil(stream:read "l")
    end)

    -- All but the first argument were left out, and nothing said so.
    it("writes all it is given, or nothing", function()
        do
            local stream <close> = open "w"
            assert.is_true(stream:write("a", "", "bc", 12))
            support.raises("string expected", stream.write, stream, "d", {})
            support.raises("value expected", stream.write, stream)
            assert.equal(5, stream:size())
        end
        assert.equal("abc12", message:get(bytes))
    end)

    it("goes anywhere but before its beginning", function()
        local stream <close> = open "r+"
        assert.equal(10, stream:seek "end")
        assert.equal(8, stream:seek("cur", -2))
        assert.equal("89", stream:read "a")
        assert.equal(12, stream:seek("end", 2))
        assert.is_nil(stream:read(1))
        assert.equal(10, stream:size())
        for _, place in ipairs { { "set", -1 }, { "cur", -100 }, { "end", -11 } } do
            support.fails("stream:seek", "STG_E_INVALIDFUNCTION", stream:seek(table.unpack(place)))
            assert.equal(12, stream:seek())
        end
        assert.is_true(stream:write "X")
        assert.is_true(stream:commit())
        assert.equal("0123456789\0\0X", message:get(bytes))
        assert(stream:seek("set", math.maxinteger))
        support.fails("stream:write", "MAPI_E_TOO_BIG", stream:write "x")
        assert.equal(13, stream:size())
        support.raises("invalid option", stream.seek, stream, "start")
        support.raises("integer representation", stream.seek, stream, "set", 0.5)
    end)

    it("hands over what was written when it is committed, and when it is closed", function()
        local stream = open "w"
        stream:write "one"
        assert.equal("0123456789", message:get(bytes))
        stream:commit()
        assert.equal("one", message:get(bytes))
        stream:write " two"
        assert.equal("one", message:get(bytes))
        assert.is_true(stream:close())
        assert.equal("one two", message:get(bytes))
    end)

    it("is one of several over the same property; the last to commit decides", function()
        local one <close> = open "r+"
        local two <close> = open "r+"
        one:write "AAA"
        two:seek("set", 5)
        two:write "BBB"
        assert.is_true(one:commit())
        assert.is_true(two:commit())
        assert.equal("01234BBB89", message:get(bytes))
        local reader <close> = open()
        message:set(bytes, "changed")
        assert.equal("01234BBB89", reader:read "a")
    end)

    it("keeps values of any size", function()
        local pattern = ("0123456789abcdef"):rep(1 << 16)
        for _, size in ipairs { 0, 1, 1024, 1025, 65535, 65536, 65537, 131071, 131072, 131073, 1 << 20 } do
            do
                local stream <close> = open "w"
                for i = 1, size, 7919 do
                    assert(stream:write(pattern:sub(i, math.min(size, i + 7918))))
                end
            end
            assert(message:save())
            local again <close> = assert(store:open(message:entryid()))
            local stream <close> = assert(again:stream(bytes))
            assert.equal(size, stream:size())
            assert.truthy(stream:read "a" == pattern:sub(1, size), size)
            if size >= 3 then
                assert(stream:seek("end", -3))
                assert.equal(pattern:sub(size - 2, size), stream:read(10))
            end
            assert.truthy(again:get(bytes) == pattern:sub(1, size), size)
        end
    end)

    -- It went on with the pieces of the value that had taken the place of the one that was opened.
    it("never reads half of one value and half of another", function()
        for _, sizes in ipairs { { 300000, 300000 }, { 300000, 400000 }, { 300000, 60000 }, { 60000, 300000 } } do
            message:set(bytes, ("a"):rep(sizes[1]))
            assert(message:save())
            local other <close> = assert(store:open(message:entryid()))
            local stream <close> = assert(other:stream(bytes))
            assert.equal(10, #stream:read(10))
            message:set(bytes, ("b"):rep(sizes[2]))
            assert(message:save())
            local rest, _, name = stream:read "a"
            if rest then
                assert.equal(sizes[1] - 10, #rest)
                assert.is_nil(rest:find("b", 1, true))
            else
                assert.equal("MAPI_E_OBJECT_CHANGED", name)
            end
            local again <close> = assert(store:open(message:entryid()))
            assert.truthy(again:get(bytes) == ("b"):rep(sizes[2]))
        end
    end)

    it("goes on while other properties of its message are saved", function()
        message:set(bytes, ("a"):rep(300000))
        assert(message:save())
        local other <close> = assert(store:open(message:entryid()))
        local stream <close> = assert(other:stream(bytes))
        assert.equal(70000, #stream:read(70000))
        message:set("subject", "changed")
        assert(message:save())
        assert.equal(230000, #stream:read "a")
    end)

    it("says that its message was deleted", function()
        message:set(bytes, ("a"):rep(300000))
        assert(message:save())
        local stream <close> = open()
        assert.equal(10, #stream:read(10))
        assert(inbox:delete_messages(message))
        support.fails("stream:read", "MAPI_E_OBJECT_CHANGED", stream:read "a")
    end)

    it("ends with its message", function()
        local stream = open "w"
        stream:write "x"
        message:close()
        assert.equal("closed stream", mapi.type(stream))
        support.raises("attempt to use a closed stream", stream.write, stream, "x")
        assert.is_true(stream:close())
    end)

    it("of a submitted message is closed without harm", function()
        message:set_recipients { { address = "a@example.com" } }
        local stream = open "w"
        stream:write "x"
        assert(message:submit())
        support.fails("stream:write", "MAPI_E_INVALID_OBJECT", stream:write "y")
        assert.is_true(stream:close())
    end)
end)
